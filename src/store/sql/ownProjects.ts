/**
 * The statement of both databases' migrations that tells the sessions of projects merged before, which the schema did
 * not record until then.
 */

/** Gives each session of a merged project the one of the merged projects whose folder is nearest around the session's. */
export const BY_FOLDER = `UPDATE sessions SET own_project_id = nullif((
    SELECT p.id FROM projects AS p
    WHERE (p.id = sessions.project_id OR p.merged_into = sessions.project_id)
      AND (sessions.cwd = p.root OR substr(sessions.cwd, 1, length(p.root) + 1) IN (p.root || '/', p.root || '\\'))
    ORDER BY length(p.root) DESC, p.id LIMIT 1
  ), sessions.project_id)
  WHERE project_id IN (SELECT merged_into FROM projects WHERE merged_into IS NOT NULL)`
