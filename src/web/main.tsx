/**
 * Starts the page: exchanges the code of the address for a token, and shows the views.
 */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { createRoot } from "react-dom/client"
import * as Queries from "./api/Queries.ts"
import * as Token from "./api/Token.ts"
import { Frame } from "./frame/Frame.tsx"
import { apply, preferences } from "./state/Preferences.ts"
import "./style/base.css"
import { load } from "./texts/Texts.ts"

apply()
const client = new QueryClient({
  defaultOptions: {
    // The server may be on this machine: it answers where the browser has no network, too.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      // An answer serves until something changes, of which the stream of events tells.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: Queries.retry
    }
  }
})
const place = document.getElementById("page")
if (place === null) throw new Error("index.html has no place for the page")
await Promise.all([Token.find(), load(preferences().language)])
createRoot(place).render(
  <QueryClientProvider client={client}>
    <Frame />
  </QueryClientProvider>
)
