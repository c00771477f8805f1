-- Working tables of a rollup connection; empty again after every transaction.
--
-- rollup_member: the conversations of a chunk. representative = where the sessions belong (canonical-model 11.2);
--                joined = it stands for more than one conversation, so a message may be known twice.
-- rollup_fresh:  the sessions as they must be; last_sender is c, a, b (contact, agent, bot) of the last message that is
--                no broadcast.
-- rollup_change: the spans of sessions that changed, before and after; gone = the session that this was, if it is no more.
CREATE TEMPORARY TABLE IF NOT EXISTS rollup_member (
  representative uuid NOT NULL, conversation_id uuid NOT NULL, joined boolean NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS rollup_fresh (
  LIKE etl.conversation_sessions, last_sender text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS rollup_change (
  conversation_id uuid NOT NULL, seq integer NOT NULL, span_from timestamptz NOT NULL, span_to timestamptz NOT NULL,
  whole boolean NOT NULL, gone uuid
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS rollup_day (
  day date NOT NULL, lo timestamptz NOT NULL, hi timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
