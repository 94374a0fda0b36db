import type { Plugin } from "esbuild"

export declare const root: string
export declare const cache: string
export declare const bundle: (
  options: { readonly entry: string; readonly outfile: string; readonly plugins?: ReadonlyArray<Plugin> }
) => Promise<unknown>
