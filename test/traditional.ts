/** Chinese in Traditional characters. */
import { Converter } from "opencc-js/cn2t"

/** Returns a Simplified text as it is written in Taiwan, in the same words. */
export const traditional = Converter({ from: "cn", to: "tw" })
