export declare const programs: () => string | undefined
export declare const start: (folder: string) => Promise<string>
export declare const stop: (folder: string, mode?: "immediate" | "fast") => void
export declare const resume: (folder: string) => void
export declare const temporary: (parent?: string) => Promise<
  { readonly url: string; readonly folder: string; readonly remove: () => void }
>
