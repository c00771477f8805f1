/* console.h: the columns of the console's audit export, and the chat that a row is part of.
 *
 * Source:  reference/b2chat.md 9.
 * Threads: the columns belong to one owner. */
#ifndef SLUICE_TRANSFORM_B2CHAT_CONSOLE_H
#define SLUICE_TRANSFORM_B2CHAT_CONSOLE_H

#include "lib/arena.h"
#include "transform/b2chat/rows.h"
#include "transform/b2chat/rules.h"
#include "transform/json.h"

struct console_column;

struct console_header { /* the file's columns, in its order; the texts belong to its arena */
    struct arena *arena;
    struct str *names;
    const struct console_column **columns; /* NULL: nobody knows it */
    size_t count;
};

/* In the arena given, which outlives the document. false: no memory. */
bool console_header_read(struct console_header *header, const struct b2_row *row);
/* Whether the column at that place holds the id of the chat. */
bool console_is_chat_id(const struct console_header *header, size_t place);
/* The required columns that it lacks, by name; STR_NULL: none. In its arena. */
struct str console_header_lacks(const struct console_header *header);

/* One row, its texts made storable, in the arena. */
struct console_row {
    struct str chat_id, merchant_id, provider, department, chat_created_at, month, last_inbound_at;
    struct str contact_id, identification, contact_name, contact_email, phone_number, mobile_number;
    struct str contact_tag, agent_id, agent_name, agent_username, agent_email;
    struct str incoming, by_contact, by_agent, by_bot, type, caption, message_created_at;
    struct str alias, bot, status, opened_at, picked_up_at, responded_at, closed_at, duration;
    struct str outgoing, broadcasted, tags, ad_source, ad_type, ad_name, ad_source_id;
    struct str unknown_json; /* the other columns, as an object */
    uint64_t replaced;
};

/* false: no memory. */
bool console_row_read(const struct console_header *header, const struct b2_row *row,
                      struct arena *arena, struct json_writer *json, struct console_row *row_out);

/* What all rows of a chat say alike. false: no memory. */
bool console_chat(const struct console_row *row, struct arena *arena, struct json_writer *json,
                  struct b2_chat *chat_out);
/* false: more than one of the columns that name the author holds a text. */
bool console_message(const struct console_row *row, struct b2_message *message_out);

/* The column of a member of the API, for rejects. */
const char *console_member(const char *member, bool is_of_message);

#endif
