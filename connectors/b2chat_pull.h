/* b2chat_pull.h: the chats and contacts of a B2Chat account, by its export API.
 *
 * Chats have no time of change and stay under the day of their creation; so days are read again:
 *
 *     first    from "backfill_from" (30 days ago) to today, once
 *     fresh    every run: yesterday and today, and what lies between the last run and them
 *     open     every hour: days on which a chat was open when it was last read, up to 60 days back
 *     deep     once a day, after three: the last 30 days
 *
 * Contacts have one: every half hour those changed since the last time, all of them every week.
 * Days are the account's, by the server's clock.
 * State:   entity "chats": b2chat_cursor.h, stored after every window; entity "contacts": nothing
 *          but when it was read.
 * Runs:    one row for the chats of each run, one for the contacts.
 * Lost:    nothing, as far as the API shows it. A chat that is open after 60 days is left alone.
 * Source:  reference/b2chat.md 10.
 * Threads: as pull.h. */
#ifndef SLUICE_CONNECTORS_B2CHAT_PULL_H
#define SLUICE_CONNECTORS_B2CHAT_PULL_H

#include "connectors/pull.h"

extern const struct pull_kind b2chat_pull;

#endif
