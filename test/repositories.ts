/**
 * Real git repositories with worktrees, and transcripts of sessions in their folders.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { environment } from "./data.ts"

/** Runs git in a folder, without the person's own configuration. */
export const git = (folder: string, ...args: ReadonlyArray<string>): void => {
  execFileSync("git", ["-C", folder, ...args], {
    env: {
      ...environment(folder),
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@example.com",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@example.com"
    },
    stdio: "ignore"
  })
}

/** Makes a repository with a commit, and with a remote if one is given; returns its folder. */
export const makeRepository = (folder: string, remote?: string): string => {
  mkdirSync(folder, { recursive: true })
  git(folder, "init", "-b", "main")
  git(folder, "commit", "--allow-empty", "-m", "first")
  if (remote !== undefined) git(folder, "remote", "add", "origin", remote)
  return folder
}

export interface Session {
  readonly cwd: string
  readonly branch?: string
  /** What a person says, in turn with Claude's answers and commands. */
  readonly said: ReadonlyArray<string | { readonly command: string }>
  readonly at?: string
}

const DAY = "2026-11-20"

/** Writes a session's transcript where Claude Code would, below `projects`; returns its path. */
export const writeSession = (projects: string, id: string, { at = DAY, branch, cwd, said }: Session): string => {
  const folder = join(projects, cwd.replace(/[^A-Za-z0-9]/g, "-"))
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${id}.jsonl`)
  const lines = said.map((part, i) => {
    const isCommand = typeof part !== "string"
    const role = isCommand || i % 2 === 1 ? "assistant" : "user"
    return JSON.stringify({
      type: role,
      uuid: `${basename(path, ".jsonl")}-${i}`,
      parentUuid: i === 0 ? null : `${id}-${i - 1}`,
      sessionId: id,
      cwd,
      gitBranch: branch,
      timestamp: `${at}T10:${String(i).padStart(2, "0")}:00.000Z`,
      message: {
        role,
        content: [
          isCommand
            ? { type: "tool_use", id: `${id}-call-${i}`, name: "Bash", input: { command: part.command } }
            : { type: "text", text: part }
        ]
      }
    })
  })
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""))
  return path
}
