/**
 * The SQLite schema of models' answers and costs, one step per version.
 */
export const STEPS: ReadonlyArray<ReadonlyArray<string>> = [[
  // A call whose outcome is null is running or was killed; it counts with its planned maximum.
  `CREATE TABLE calls (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, day TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    role TEXT NOT NULL, project TEXT, input INTEGER NOT NULL, cached INTEGER NOT NULL, output INTEGER NOT NULL,
    usd REAL NOT NULL, basis TEXT NOT NULL, duration_ms INTEGER, outcome TEXT
  ) STRICT`,
  `CREATE INDEX calls_at ON calls (at)`,
  `CREATE TABLE periods (key TEXT PRIMARY KEY, tokens INTEGER NOT NULL, usd REAL NOT NULL, told INTEGER NOT NULL) STRICT`,
  `CREATE TABLE answers (row INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL) STRICT`,
  `CREATE TABLE answers_size (id INTEGER PRIMARY KEY CHECK (id = 1), bytes INTEGER NOT NULL) STRICT`,
  `INSERT INTO answers_size VALUES (1, 0)`,
  `CREATE TRIGGER answer_added AFTER INSERT ON answers BEGIN UPDATE answers_size SET bytes = bytes + length(new.value); END`,
  `CREATE TRIGGER answer_gone AFTER DELETE ON answers BEGIN UPDATE answers_size SET bytes = bytes - length(old.value); END`
], [
  // Answers that a model wrote about memories have new keys since (models/ModelCache.ts) and would not be found again.
  `DELETE FROM answers WHERE CAST(substr(value, 1, 14) AS TEXT) = '{"statements":'`
], [
  `ALTER TABLE answers_size ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0`
]]
