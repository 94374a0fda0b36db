/** Traditional characters with the Simplified ones for each: "萬 万|與 与". */
declare module "opencc-js/dict/TSCharacters" {
  const characters: string
  export default characters
}
