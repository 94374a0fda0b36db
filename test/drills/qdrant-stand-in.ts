/**
 * Runs the stand-in for a Qdrant server as a process.
 */
import { main } from "../script.ts"
import { command } from "./qdrant/standIn.ts"

main(command, "qdrant-stand-in")
