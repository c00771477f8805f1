/* export_peer.h: ids of an export: who writes, and which chat it is.
 *
 * Since 2.7.2 persons and chats are "user123", "channel123", "chat123" and chats have bare ids;
 * before, all were numbers with an offset that says what they are (reference/telegram.md 10.3).
 * A chat's number alone does not tell which: enum tgx_numbers is found out from the messages.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_PEER_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_PEER_H

#include "transform/telegram/export_rules.h"
#include "transform/telegram/keys.h"

enum tgx_peer_kind {
    TGX_NOBODY,
    TGX_USER,
    TGX_CHANNEL, /* supergroups too */
    TGX_BASIC_GROUP,
    TGX_ANY_GROUP /* of the old numbers: one of the two */
};

struct tgx_peer {
    enum tgx_peer_kind kind;
    int64_t id; /* bare */
};

enum tgx_numbers { TGX_NUMBERS_UNKNOWN, TGX_NUMBERS_BARE, TGX_NUMBERS_OLD };

enum tgx_chat_kind {
    TGX_CHAT_PERSON,
    TGX_CHAT_SAVED,  /* one's own notes */
    TGX_CHAT_SYSTEM, /* replies, verification codes: others write, nobody answers */
    TGX_CHAT_GROUP,
    TGX_CHAT_CHANNEL
};

/* What the message tells about the numbers of its file. */
enum tgx_numbers tgx_numbers_of(const struct tgx_message *message);
/* TGX_NOBODY: no text that names anybody. */
struct tgx_peer tgx_peer_read(struct str text, enum tgx_numbers numbers);
/* id: as the file has it; type may be STR_NULL or a word not known, then the number decides.
 * false: the id is no number. */
bool tgx_chat_read(const struct tgx_head *head, enum tgx_numbers numbers, struct tg_chat *chat_out,
                   enum tgx_chat_kind *kind_out);
/* Whether the writer is the chat itself: a channel's post, an anonymous admin. */
bool tgx_peer_is_chat(struct tgx_peer peer, const struct tg_chat *chat);
/* The chat that a peer is, in the Bot API's numbering. */
struct tg_chat tgx_peer_chat(struct tgx_peer peer);

#endif
