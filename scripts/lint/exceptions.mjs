/**
 * An exception from a structural rule is a line of .oxlintrc.json, where all of them are seen together.
 */
const MESSAGE =
  "the rules of this project have no exceptions in place: mend the code, or argue for a line in .oxlintrc.json"

export const exceptions = {
  create: (context) => ({
    Program: () => {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!/^\s*(?:ox|es)lint-disable.*\bclaude-memory\//s.test(comment.value)) continue
        context.report({ loc: comment.loc, message: MESSAGE })
      }
    }
  })
}
