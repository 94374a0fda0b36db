/**
 * Finds where a text addresses the program or model that reads it: an instruction is nothing to remember.
 */
import { simplified } from "./ChineseScripts.ts"

const INSTRUCTION =
  /(?:ignore|disregard|forget)\s+(?:\w+\s+){0,3}(?:previous|prior|above|earlier|all|your)\b|\b(?:note|notice|message|instructions?)\s+(?:to|for)\s+(?:\w+\s+){0,2}(?:ai|assistants?|agents?|models?|llms?|bots?|memory|summari[sz]ers?|tools?)\b|\b(?:ai|memory|summary|summari[sz]ing|note-taking)\s+(?:assistants?|agents?|models?|writers?|tools?|systems?)\b[^.\n]{0,40}(?:must|should|please|:)|(?:忽略|无视)[^。\n]{0,12}(?:指令|指示|内容|规则|要求)|(?:给|致|请)?(?:AI|人工智能|大模型|助手|记忆(?:系统|工具|写入|助手))[^。\n]{0,12}(?:注意|必须|请|务必|须知|记录|写入|：)|<!--\s*(?:system|ai|llm|memory)/i

const paragraphs = (text: string) => text.split(/\n\s*\n/)

/** Cuts each paragraph at the point where it addresses its machine reader. */
export const withoutInstructions = (text: string): string =>
  paragraphs(text).map((paragraph) => {
    const at = INSTRUCTION.exec(simplified(paragraph))
    return at === null ? paragraph : paragraph.slice(0, at.index)
  }).join("\n\n")
