-- The loader's session. Its joins go from a staged batch to large tables by their keys. A plan made while a table is small or
-- not yet analyzed would read the whole table, and would be kept: so only index nested loops are left to choose.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_material = off;
SET jit = off;
-- What a transaction changed, for the statements that follow it. at and before: a time that belongs to the row, now and before
-- the change.
CREATE TEMPORARY TABLE touched (
  source          text NOT NULL,
  conversation_id uuid,
  message_id      uuid,
  direction       text,
  at              timestamptz,
  before          timestamptz
) ON COMMIT DELETE ROWS;
-- Messages that stand in two conversations of one thread: what the first knows, the second takes over.
CREATE TEMPORARY TABLE twins (id uuid NOT NULL, from_conversation_id uuid NOT NULL, to_conversation_id uuid NOT NULL)
  ON COMMIT DELETE ROWS;
-- Conversations whose thread has another representative now.
CREATE TEMPORARY TABLE joined (conversation_id uuid NOT NULL) ON COMMIT DELETE ROWS
