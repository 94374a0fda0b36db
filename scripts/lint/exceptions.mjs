/**
 * Reports disable comments for structural rules. An exception is a line of the lists or .oxlintrc.json, which show all of them together.
 */
export const makeExceptions = ({ where }) => ({
  create: (context) => ({
    Program: () => {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!/^\s*(?:ox|es)lint-disable.*\bclaude-memory\//s.test(comment.value)) continue
        const message =
          `the rules of this project have no exceptions in place: mend the code, or argue for a line in ${where} or .oxlintrc.json`
        context.report({ loc: comment.loc, message })
      }
    }
  })
})
