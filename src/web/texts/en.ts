/**
 * The page's words in English. Its type is that of every other language's (Texts).
 */
import { type Label, LABELS } from "./labels.ts"

const plural = (n: number, one: string, many: string) => `${n.toLocaleString("en-GB")} ${n === 1 ? one : many}`
/** Says of what forgetting takes too. */
const takenOf = (units: number, sessions: number) =>
  [
    ...(units === 0 ? [] : [memories(units)]),
    ...(sessions === 0 ? [] : [sessions === 1 ? "what the session was for" : `what ${sessions} sessions were for`])
  ].join(" and of ")
const memories = (n: number) => plural(n, "memory", "memories")
const quoted = (words: ReadonlyArray<string>) => words.map((word) => `“${word}”`).join(", ")

/** As the compressor writes them. */
const named = Object.fromEntries(LABELS.map((label) => [label, label])) as Readonly<Record<Label, string>>

export const en = {
  close: "Close",
  cancel: "Cancel",
  again: "Try again",
  waiting: "Loading",
  named: (title: string, more: number) => `“${title}”${more > 0 ? ` and ${more} more` : ""}`,
  copied: (text: string) => text === "" ? "Copied." : `Copied: ${text}`,
  copy: (text: string) => `Copy: ${text}`,
  notCopied: "The browser does not let this page copy. Select the text, and copy it yourself.",
  noAnswer: "The server does not answer. Run claude-memory open, which starts one, and try again.",
  /** The server says it in English. */
  problem: (_code: string, detail: string) => detail,
  types: {
    decision: "Decision",
    error_log: "Error",
    code_snippet: "Code",
    documentation: "Documentation",
    conversation: "Conversation",
    archive: "Session summary"
  },
  views: {
    search: "Search",
    sessions: "Sessions",
    why: "Why",
    least: "Clean up",
    projects: "Projects",
    health: "Health"
  },
  frame: {
    skip: "Skip to the content",
    views: "Views",
    otherLanguage: "中文",
    theme: (name: string) => `Theme: ${name}. Change it`,
    themes: { system: "System", light: "Light", dark: "Dark" },
    away: "Not live",
    awayHint: "The server does not answer. The page tries again; `claude-memory open` starts one.",
    unknown: "There is no such page.",
    toSearch: "Go to the search",
    signedOut: "Open this page from a terminal",
    signedOutHint:
      "It shows your memory only to you: the link that opens it works once, and this tab has no valid token. Run this, and a new tab opens:"
  },
  palette: {
    name: "Command palette",
    placeholder: "Go somewhere, do something, or find a memory…",
    goTo: (view: string) => `Go to ${view}`,
    theme: (name: string) => `Theme: ${name}`,
    searchFor: (text: string) => `Search for “${text}”`,
    whyFor: (text: string) => `What would Claude be told at “${text}”?`
  },
  help: {
    title: "Keys",
    keys: {
      "/": "Type a question or a prompt",
      j: "Next in the list",
      k: "The one before",
      Enter: "Open it",
      Esc: "Leave the field, close, or go back",
      "Ctrl K": "Command palette",
      "?": "These keys",
      e: "Edit the memory",
      p: "Pin the memory, or unpin it",
      r: "Choose the memory that replaces it",
      x: "Forget the memory; outside of Clean up it asks first",
      y: "Keep the memory: it is never let go"
    },
    where: "The keys that change a memory act while it has the focus: on its row in a list, or within it."
  },
  filters: {
    name: "Filters",
    project: "Project",
    allProjects: "All projects",
    type: "Type",
    allTypes: "All types",
    time: "Time",
    anyTime: "Any time",
    lastDays: (days: number) => days === 1 ? "Last 24 hours" : days === 365 ? "Last year" : `Last ${days} days`,
    dates: "From a day to a day…",
    since: "From",
    until: "To",
    file: "File",
    branch: "Branch"
  },
  search: {
    ask: "Search your memory",
    found: (n: number, isAll: boolean, ms: string) => `${isAll ? memories(n) : `The best ${memories(n)}`}, in ${ms} ms`,
    absent: (words: ReadonlyArray<string>) =>
      `No memory contains ${quoted(words)}: what is below answers only the rest of the question.`,
    respelt: ({ instead, typed }: { readonly typed: string; readonly instead: string }) =>
      `No memory contains ${quoted([typed])}: looked for ${quoted([instead])}.`,
    newest: "Newest memories",
    newestOnly: (n: number) => `These are the newest ${n}. Ask or filter to find older ones.`,
    more: "Show more",
    score: (share: string) => `match ${share}`,
    words: (words: ReadonlyArray<string>) => `your words: ${words.join(", ")}`,
    meaning: "close in meaning",
    nearby: "near others that answer",
    /** What the server could not do for the answer. */
    note: (each: string) => each,
    scoreHint: "Match: how surely it answers, by words (rare ones most) and meaning.",
    byWords: (rank: number) => `By words it is number ${rank}.`,
    byMeaning: (rank: number, cosine: string) => `By meaning it is number ${rank} (cosine ${cosine}).`,
    byModel: (rank: number) => `By the reranking model it is number ${rank}.`,
    byNeighbours: (by: string) => `Its neighbours in the session add ${by}.`,
    byBoost: (name: string, by: string) =>
      `${
        { session: "Others of its session", recency: "Its time", type: "Its type", files: "Its files" }[name] ?? name
      }: ${by}.`,
    nothing: (text: string) => `Nothing is remembered of “${text}”.`,
    nothingHint: "Try fewer words, or take a filter away.",
    filtered: "No memory passes these filters.",
    filteredHint: "Take a filter away.",
    noMemories: "Nothing is remembered yet.",
    noMemoriesHint: "`claude-memory import` reads what is there; new sessions are remembered while you work."
  },
  memory: {
    name: "Memory",
    actions: "What can be done with it",
    session: "Session",
    resume: "Resume",
    files: "Files",
    keywords: "Keywords",
    numbers: "Size",
    size: (tokens: string) => `${tokens} tokens: what it takes of Claude's context when it is told`,
    id: "Id",
    transcript: "Transcript",
    ofFile: (file: string) => `Memories of ${file}`,
    source: (n: number) => n === 1 ? "The message that it comes from" : "The messages that it comes from",
    letGo: (date: string) => `What else was said around it was let go on ${date}, to keep the memory small.`,
    savedBy: (who: string) => who === "person" ? "saved by you" : "saved by Claude",
    edit: "Edit",
    pin: "Pin",
    unpin: "Unpin",
    pinned: "pinned",
    pinnedHint: "Pinned: Claude is told it at the start of each session.",
    pinnedNow: "Pinned: Claude is told it at the start of each session.",
    unpinnedNow: "No longer pinned.",
    keep: "Keep",
    keepNoMore: "Stop keeping",
    keptHint: "Kept: it is never let go, and not listed among the least.",
    keptNow: "Kept: it is never let go.",
    keptNoMore: "No longer kept: it is judged like others.",
    replace: "Replace",
    copy: "Copy",
    forget: "Forget",
    forgotten: (what: string, units: number, sessions: number, gone: number, again: ReadonlyArray<string>): string =>
      `Forgotten: ${what}.${gone === 0 ? "" : ` ${memories(gone)} ${gone === 1 ? "is" : "are"} gone too.`}${
        units + sessions === 0 ? "" : ` Also taken out of ${takenOf(units, sessions)}.`
      }${again.length === 0 ? "" : ` ${en.memory.holdAgain(again)}`}`,
    holdAgain: (titles: ReadonlyArray<string>): string => `What it replaced holds again: ${quoted(titles)}.`,
    forgetTitle: (title: string) => `Forget “${title}”?`,
    forgetHint: "What it says goes from the messages too, and is not captured again. It can be undone for seven days.",
    also: (units: number, sessions: number) =>
      `It is also taken out of ${takenOf(units, sessions)}, which ${
        units + sessions === 1 ? "is" : "are"
      } made anew of what is left, if that is enough:`,
    gone: (n: number) => `${memories(n)} that ${n === 1 ? "says nothing else goes" : "say nothing else go"} too:`,
    replacedBy: "Out of date: replaced by",
    replacementGone: "What replaced it was forgotten: this one holds as long as that is not undone.",
    holdsAgain: "It still holds",
    heldAgain: "No longer replaced.",
    savedAlone:
      "What you wrote is saved as a memory of its own, but does not replace this one yet. Save once more to try again.",
    replaced: "Replaced: from now on Claude is told the other memory.",
    replaceTitle: "Which memory replaces this one?",
    replaceHint: "From now on Claude is told the other one. These are similar:",
    edited: "edited",
    titleOld: "The text was edited, and the title is the one of before.",
    editTitle: "Edit the title",
    writeInstead: "Or write the memory that holds now:",
    saveInstead: "Save it, and replace",
    titleHint: "The title is still the old one. Does it say what the new text says?",
    title: "Title",
    text: "Text",
    save: "Save",
    saveKeys: "Ctrl Enter saves, Esc leaves",
    saved: (what: string) => `Saved: ${what}.`,
    discardTitle: "Throw away what you changed?",
    discard: "Throw away",
    editOn: "Go on editing",
    discardHint: "It is not saved yet.",
    draftKept: (title: string) =>
      `What you changed in “${title}” is not saved yet. You find it when you come back to it.`,
    changedMeanwhile:
      "Someone else changed this memory meanwhile; nothing was overwritten. Copy what you wrote, and begin again.",
    history: "Changes",
    changedBy: (who: "person" | "claude" | "rule") =>
      who === "person" ? "changed by you" : who === "claude" ? "changed by Claude" : "by a rule",
    helps: "You said that it helps at such prompts.",
    helpsNot: "You said that it does not help at such prompts.",
    feedbackTakenBack: "The feedback was taken back.",
    usedNow: (n: number) =>
      n === 1 ? "Claude used it, in 1 session so far." : `Claude used it, in ${n} sessions so far.`,
    undone: "a change undone",
    undoneSince: "undone since",
    made: "made"
  },
  session: {
    roles: { human: "You", assistant: "Claude", system: "Claude Code" },
    work: "Claude at work",
    summary: "Summary of what was before",
    agent: "subagent",
    toAgent: "Claude, to a subagent",
    thought: "Thought",
    tool: "Tool",
    gave: (tool: string | undefined) => tool === undefined ? "Result" : `${tool} gave`,
    failed: (tool: string | undefined) => tool === undefined ? "Failed" : `${tool} failed`,
    cut: "The rest of this message is left out here.",
    steps: (n: number) => plural(n, "step", "steps"),
    why: "What would memory tell Claude here today, and why?",
    folder: "Folder",
    also: "Also asked",
    prompts: "What you asked",
    remembered: (n: number) => `${memories(n)} of this session`,
    given: (texts: number, tokens: string, late: number) =>
      (texts === 0
        ? "Claude was given nothing by memory"
        : `Claude was given ${plural(texts, "text", "texts")} of ${tokens} tokens by memory`) +
      (late === 0 ? "." : `; ${late} came too late.`),
    nothing: "Nothing that was said is kept.",
    nothingHint: "It was forgotten, or let go to keep the memory small.",
    more: "Show what came next",
    untitled: "Untitled session",
    aim: "Aim",
    outcome: "Outcome",
    whole: "The whole summary",
    memories,
    noSessions: "No session is remembered here.",
    noSessionsHint: "Take a filter away, or run `claude-memory import`.",
    earlier: "Show earlier sessions"
  },
  /** Labels of a memory's lines. */
  labels: {
    ...named,
    User: "You",
    "User chose": "You chose",
    "User approved the plan": "You approved the plan",
    "User refused, and said": "You refused, and said"
  },
  failedTimes: (n: number) => `Failed ${n} times`,
  given: {
    name: "Claude was given",
    pointer: "Claude was told the title of",
    tokens: (n: string) => `${n} tokens`,
    states: { arrived: "arrived", late: "came too late", pending: "sent" },
    opening: "because the session began: what earlier ones left",
    goOn: "because you asked to go on: what earlier sessions left",
    forWords: "for the words",
    named: "and pointed to",
    used: "used",
    helps: "Helped",
    helpsIt: (title: string) => `Helped: ${title}`,
    helpsNot: "No help",
    helpsNotIt: (title: string) => `No help: ${title}`,
    helped: (words: ReadonlyArray<string>) =>
      words.length === 0 ? "It is told sooner from now on." : `It is told sooner at prompts with: ${words.join(", ")}`,
    helpedNot: (words: ReadonlyArray<string>) =>
      words.length === 0
        ? "It is told less from now on."
        : `It is not told any more at prompts with: ${words.join(", ")}`,
    gone: (id: string) => `a memory that is gone (${id})`
  },
  why: {
    title: "What would Claude be told, and why?",
    hint: "Type a prompt: see what memory adds, and why. Nothing is sent to Claude.",
    before: (at: string) => `What Claude was given at this prompt on ${at}:`,
    nothingBefore: (at: string) => `No record says that Claude was given anything at this prompt on ${at}.`,
    today: "What it would be given today, with what is remembered now:",
    prompt: "Prompt",
    placeholder: "Why did the webhook send the mail twice?",
    verdict: {
      nothing: "Claude would be told nothing.",
      pointer: "Claude would be told the titles.",
      memories: "Claude would be told what is remembered."
    },
    absent: (words: ReadonlyArray<string>) => `No memory contains ${quoted(words)}.`,
    costs: (tokens: string) => `The text has ${tokens} tokens.`,
    scale: (score: string, pointer: string, memories: string) =>
      `This prompt scores ${score} points. From ${pointer} on Claude is told the best titles, from ${memories} on what they say.`,
    pointerFrom: (n: string) => `titles: ${n}`,
    memoriesFrom: (n: string) => `memories: ${n}`,
    sum: "How the score comes about",
    score: "Score",
    parts: {
      evidence: (bits: string) =>
        `rare words that stand together in the best memory${bits === "" ? "" : ` (worth ${bits}; at most 24 count)`}`,
      coverage: (share: string) => `that memory has ${share} of what the prompt's words are worth (all of it: 12)`,
      past: "the prompt asks about the past (“again”, “last time”, “did we”, “why is”)",
      order: "the prompt gives an order, or asks to explain: Claude needs less background",
      code: "the prompt names something exactly (a path, an identifier): Claude can look there",
      length: (tokens: number) => `the prompt is long (${tokens} tokens; more than 32 count against it)`
    },
    noEvidence: "No memory has a rare word of the prompt, so nothing is told, whatever the score.",
    short: (by: string, tells: "nothing" | "pointer") =>
      tells === "nothing" ? `${by} more, and titles would be told.` : `${by} more, and whole memories would be told.`,
    missing: "A memory that also has these words would score more:",
    words: "Words of the prompt",
    wordsHint:
      "A word is worth more, the fewer memories have it: a point each time their number halves (a bit), at most 8; the parts of one path or name share 12.",
    word: "Word",
    bits: "Worth",
    place: "Best memory",
    without: "If you left it out",
    everyday: "Everyday words, which count nothing:",
    together: "has it",
    alone: "does not",
    nowhere: "in no memory",
    mode: "With CLAUDE_MEMORY_INJECT",
    would: "Claude would be told",
    modes: { conservative: "conservative", balanced: "balanced", comprehensive: "comprehensive" },
    tells: { nothing: "nothing", pointer: "titles", memories: "memories" },
    nearest: "The best memories",
    noNearest: "No memory has a rare word of the prompt.",
    isTold: "told",
    isPointed: "title told",
    isNear: (by: string) => `not told: ${by} points short`,
    leftOut: {
      replaced: "not told: out of date, another one replaces it",
      question: "not told: it only repeats your question",
      said: "not told: the memories that are told say it already",
      room: "not told: others answer better, or the text is full"
    },
    isUnhelpful: "not told: you said that it does not help",
    scoreOf: (score: string) => `score ${score}, by the words`,
    text: "The text that Claude would get",
    recent: "What Claude was given in the last 30 days",
    openSession: "open the session",
    nothingYet: "Claude was given nothing yet.",
    nothingYetHint: "Any past prompt can be asked again: open its session, and follow the link below it."
  },
  least: {
    title: "The fifty least worth keeping",
    hint:
      "One that you keep is never let go, and not listed here any more. What you forget is taken out of others that say it too. Both can be " +
      "undone for seven days.",
    order:
      "What counts is how much of the text is worth reading (your own words most), the age (half is gone after 90 days), and the type. How often " +
      "Claude was told one does not count.",
    worth: (whole: string, type: string, quality: string, age: string) =>
      `Worth ${whole} of a new decision: ${quality} of it is worth reading · its age leaves ${age} · ${type}`,
    typeCounts: (type: string, share: string) => `${type} counts ${share}`,
    takesNothing: "Nothing else says this.",
    goesToo: (n: number) =>
      n === 1 ? "One more that says the same goes with it." : `${n} more that say the same go with it.`,
    gone: (titles: ReadonlyArray<string>) =>
      `${en.named(titles[0] ?? "", titles.length - 1)} ${
        titles.length === 1 ? "says nothing else, and goes" : "say nothing else, and go"
      } too.`,
    takenOutOf: (titles: ReadonlyArray<string>, sessions: number) =>
      `Forgetting takes it out of ${
        [
          ...(titles.length === 0 ? [] : [en.named(titles[0] ?? "", titles.length - 1)]),
          ...(sessions === 0 ? [] : [takenOf(0, sessions)])
        ].join(" and of ")
      } too.`,
    next: "Show the next ones",
    keys: "j and k go through them; y keeps the one you are at, x forgets it.",
    keep: "Keep",
    keepIt: (title: string) => `Keep ${title}`,
    forgetIt: (title: string) => `Forget ${title}`,
    left: (left: number, done: number) => `${left} to look at${done === 0 ? "" : `, ${done} decided`}`,
    nothing: "Nothing is left to look at.",
    nothingHint: "All that was made of sessions here is decided, and the rest you saved or edited yourself."
  },
  projects: {
    hint:
      "A project is a repository, or a folder outside of one. Merging moves memories; an excluded project is not read any more.",
    name: "Name",
    rename: "Rename",
    renameTitle: (name: string) => `Rename ${name}`,
    renamed: (name: string) => `It is called ${name} now.`,
    merge: "Merge",
    mergeTitle: (name: string) => `Merge ${name} into another project`,
    into: "Into",
    choose: "Choose a project…",
    mergeHint: (n: number) =>
      `Its ${memories(n)} ${n === 1 ? "moves" : "move"} there, and what is said in it from now on. It can be undone.`,
    merged: (from: string, into: string) => `${from} is part of ${into} now.`,
    manage: "Manage",
    holds: "Includes",
    split: "Split",
    splitIt: (name: string) => `Make ${name} a project of its own again`,
    splitDone: (name: string) => `${name} is a project of its own again.`,
    exclude: "Exclude",
    excludeTitle: (name: string) => `Exclude ${name}?`,
    excludeHint: "Its sessions are not read any more, and Claude is told nothing in them.",
    excludeStays: (n: number) =>
      n === 0
        ? "Nothing is remembered of it."
        : `${
          n === 1 ? "The memory that is there stays" : `The ${memories(n)} that are there stay`
        }, but a search of all projects leaves ${n === 1 ? "it" : "them"} out. Forget ${
          n === 1 ? "it" : "them"
        } with claude-memory forget --project.`,
    include: "Include",
    excluded: "excluded",
    excludedNow: (name: string) => `Sessions of ${name} are not read any more.`,
    includedNow: (name: string) => `Sessions of ${name} are read again.`,
    export: "Export",
    exportIt: (name: string) => `Export ${name}`,
    exportAll: "Export all",
    exportMarkdown: "As Markdown",
    exported: (file: string) => `Saved as ${file}.`,
    actionsOf: (name: string) => `What can be done with ${name}`,
    none: "There is no project yet."
  },
  undo: {
    name: "Undo",
    last: {
      edit: (what: string) => `Undo the last change: the edit of ${what}`,
      keep: (what: string) => `Undo the last change: whether ${what} is kept`,
      feedback: (what: string) => `Undo the last change: the feedback on ${what}`,
      forget: (what: string) => `Undo the last change: the forgetting of ${what}`,
      merge: (what: string) => `Undo the last change: the merge of ${what}`
    },
    nothing: "There is nothing to undo.",
    bare: "It is undone.",
    done: {
      edit: (what: string) => `As it was before the edit: ${what}.`,
      keep: (what: string, isKept: boolean) => isKept ? `Kept again: ${what}.` : `No longer kept: ${what}.`,
      feedback: (what: string) => `The feedback is taken back: ${what}.`,
      forget: (what: string) => `Remembered again: ${what}.`,
      merge: () => "The merge is undone."
    }
  },
  changes: {
    title: "What was changed and forgotten",
    hint: "What can be undone of the last seven days, newest first. Of what is forgotten, only the title is shown.",
    none: "There is nothing of the last seven days that could be undone.",
    kinds: { edit: "Edited", keep: "Kept", feedback: "Feedback", forget: "Forgotten", merge: "Merged" },
    byClaude: "by Claude",
    until: (time: string) => `can be undone until ${time}`,
    merge: (from: string, into: string) => `${from} into ${into}`,
    said: (n: number) => `What was said in ${plural(n, "message", "messages")}`,
    undoIt: (what: string) => `Undo: ${what}`
  },
  failed: {
    title: "Dead letters and failed work",
    nothing: "There are none.",
    work: "Failed work",
    lines:
      "Lines that could not be read are kept with the reason, secrets masked. Please report one that should have been.",
    at: (path: string, offset: number) => `${path} at byte ${offset}`,
    kinds: {
      segment: "Making memories of a part of",
      session: "Summing up",
      review: "Having a model rewrite a part of",
      recap: "Having a model sum up",
      upgrade: "Making memories anew of",
      index: "Indexing",
      reconcile: "Comparing with the memory the index"
    },
    attempts: (n: number) => `failed ${plural(n, "time", "times")}`,
    since: "since",
    last: "last tried",
    next: "tried again at",
    givenUp: "given up",
    wait: "Nothing needs to be done: it is tried again by itself.",
    todo: {
      segment: "Try it again. If it fails once more, please report it; all else of the session is remembered.",
      session: "Try it again. If it fails once more, please report it; all else of the session is remembered.",
      review:
        "See what the model answers (`claude-memory models --check`), then try it again. What the rules made stays meanwhile.",
      recap:
        "See what the model answers (`claude-memory models --check`), then try it again. What the rules made stays meanwhile.",
      upgrade: "Try it again. If it fails once more, please report it; what was remembered stays.",
      index: "See whether the index is there (`claude-memory index`). Meanwhile the memory is found by its words.",
      reconcile: "See whether the index is there (`claude-memory index`). Meanwhile the memory is found by its words."
    },
    retry: "Try it again",
    retryAll: "Try all again",
    retried: (n: number) => `${plural(n, "piece of work is", "pieces of work are")} queued again.`
  },
  health: {
    checks: "Checks",
    healthy: "All is well.",
    noted: "Nothing is wrong; see what is noted.",
    ill: "Something needs you.",
    states: { ok: "ok", note: "note", wrong: "wrong" },
    check: (name: string) => name,
    remembered: "What is remembered",
    memories: "Memories",
    messages: "Messages",
    transcripts: "Transcripts",
    waiting: "Waiting work",
    reading: (read: string, all: string, files: number) =>
      `Transcripts are being read: ${read} of ${all}, ${plural(files, "file is", "files are")} left.`,
    about: (time: string) => ` About ${time} more.`,
    working: (n: number) => `Memories are being made: ${plural(n, "piece of work is", "pieces of work are")} left.`,
    size: "Size",
    sizeOf: (bytes: string, limit: string) => `${bytes} of ${limit}`,
    place: "Place",
    version: "Version",
    sum: "Every line that was read",
    sumOf: (total: string, stored: string, skipped: string, dead: number) =>
      `${total} lines = ${stored} stored + ${skipped} skipped + ${plural(dead, "dead letter", "dead letters")}`,
    balanced: "The sum balances: no line was lost.",
    unbalanced: "The sum does not balance. Please report it.",
    /** The server says it in English. */
    skipped: (reason: string) => reason,
    skippedFor: "Why lines were skipped",
    masked: "Secrets that were masked",
    told: (days: number) => `Told in the last ${days} days`,
    toldSum: (tokens: string, texts: number, late: number) =>
      `${tokens} tokens in ${plural(texts, "text", "texts")}; ${
        late === 0 ? "none came too late" : `${plural(late, "text", "texts")} came too late`
      }.`,
    day: (date: string, tokens: string, late: number) =>
      `${date}: ${tokens} tokens${late === 0 ? "" : `, ${late} too late`}`,
    most: (tokens: string) => `at most ${tokens} a day`,
    asTable: "As a table",
    dayName: "Day",
    texts: "Texts",
    tokens: "Tokens",
    late: "Too late",
    spending: "What models cost in 30 days",
    periods: { day: "Today", month: "This month" },
    ofCap: (usd: string, cap: string) => `${usd} of at most ${cap}`,
    nothingSpent: "No paid model was asked: all of this runs on your machine.",
    role: "For",
    calls: "Calls",
    input: "Tokens in",
    output: "Tokens out",
    usd: "Cost",
    processes: "Processes, and what they have open",
    own: "this server",
    process: (pid: number, up: string, rss: string, heap: string) =>
      `process ${pid}, up ${up}, memory ${rss}, heap ${heap}`,
    open: (n: number) => `${n} open`,
    drift: (what: string) => `unaccounted for: ${what}`,
    kind: "Kind",
    openFor: "Open for",
    openedBy: "Opened by"
  }
}

/** The same texts in any language: a text stays a text, and what makes one takes the same. */
type In<T> = {
  readonly [K in keyof T]: T[K] extends string ? string
    : T[K] extends (...values: infer Values) => string ? (...values: Values) => string
    : In<T[K]>
}
export type Texts = In<typeof en>
