-- Whether a status is left that names neither its conversation nor a mail.
SELECT FROM touched t WHERE t.source = 'status' AND t.conversation_id IS NULL LIMIT 1
