/**
 * Reports disable comments for structural rules. An exception is a line of allowed.mjs or .oxlintrc.json, which show all of them together.
 */
const MESSAGE =
  "the rules of this project have no exceptions in place: mend the code, or argue for a line in scripts/lint/allowed.mjs or .oxlintrc.json"

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
