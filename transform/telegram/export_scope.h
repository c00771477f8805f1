/* export_scope.h: an export while it is turned into records: its account, the chat being read and
 * its threads, and who has been introduced.
 *
 * The account whose channel the records belong to is the one given by the caller, so that chats
 * shared by everybody meet the bot's own records; else the owner of the export. Keys of private
 * chats and basic groups are the owner's: "biz:<user id>", or "export:<account>" where the account
 * is no user id and the file does not name its owner.
 * Owns:    arenas of the file and of the chat; records come out of the document's arena, which is
 * reset after every message. Memory: flat; of a forum's topics see export_topics.h; TGX_SENDERS are
 * remembered, whoever is forgotten is introduced again.
 * Source:  reference/telegram.md 10.8, 11.1 to 11.3.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_SCOPE_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_SCOPE_H

#include "lib/zone.h"
#include "transform/telegram/export_peer.h"
#include "transform/telegram/export_topics.h"
#include "transform/telegram/scope.h"

#define TGX_SENDERS 1024 /* a power of two */

struct tgx_thread { /* a conversation: a chat, or a topic of it */
    struct tgx_thread *next;
    struct tg_place place;
    struct str message_prefix; /* of the keys of its messages: all but their numbers */
    struct uuid contact_id;
    struct str topic;          /* its title */
    int64_t first_at, last_at; /* TIME_NONE: no message yet */
};

struct tgx_chat {
    bool is_open;
    struct tgx_head head;
    enum tgx_chat_kind kind;
    struct tgx_thread thread; /* the chat itself; topics follow */
    struct tgx_thread *last;  /* used last */
    struct tg_chat_info info; /* without anything: an export does not say more */
    bool has_met_partner;
};

struct tgx_sender {
    struct tgx_peer peer;
    uint64_t chat; /* where introduced: of each chat anew, so that their order does not matter */
    bool is_agent;
    uint64_t name_hash;
    struct str key;
    struct uuid id; /* of the contact or agent */
    char key_text[32];
};

struct tgx_scope {
    struct tg_scope tg;
    struct arena *file, *of_chat;
    enum tgx_numbers numbers; /* of the file */
    bool is_open;             /* the account is known */
    int64_t owner;            /* user id; 0: not known */
    struct str owner_name, account_key;
    struct zone *zone; /* NULL: not configured */
    struct tgx_topics *topics;
    bool is_stopped; /* nothing more of the file can be read */
    struct tgx_chat chat;
    uint64_t chats;        /* opened so far */
    int64_t bot;           /* of the account, where it is not the owner's; 0: none */
    bool is_owner_assumed; /* the file names none: the account stands for it */
    const int64_t *own;    /* user ids that write for the business */
    size_t own_count;
    uint64_t last_signer; /* who was introduced last among those behind a chat's name */
    struct tgx_sender senders[TGX_SENDERS];
};

struct tgx_scope *tgx_scope_new(struct map_out *out, struct json_writer *json,
                                const struct jpath *jpath);
void tgx_scope_free(struct tgx_scope **scope);
void tgx_scope_reset(struct tgx_scope *scope); /* another file */

/* Finds the account. owner_id and name may be STR_NULL. false: there is none, and *detail_out says
 * what to do. */
bool tgx_scope_open(struct tgx_scope *scope, struct str owner_id, struct str owner_name,
                    const char **detail_out);

/* false: the head's id is none. */
bool tgx_chat_open(struct tgx_scope *scope, const struct tgx_head *head);
/* A name that came after the first messages. */
void tgx_chat_name(struct tgx_scope *scope, struct str name);
/* States the conversations of the chat, and the partner who wrote nothing. */
enum rc tgx_chat_close(struct tgx_scope *scope, struct err *err) MUST_USE;

/* The conversation of the topic, TGX_GENERAL: the chat's own. NULL: no memory. */
struct tgx_thread *tgx_thread_of(struct tgx_scope *scope, int64_t topic);
void tgx_thread_name(struct tgx_scope *scope, struct tgx_thread *thread, struct str title);
void tgx_thread_see(struct tgx_thread *thread, int64_t at);

/* The bot whose channel the records belong to. An account that stands for the owner is one in
 * groups, where connectors are bots, unless it is among those who write for the business. */
bool tgx_is_bot(const struct tgx_scope *scope, struct tgx_peer peer);
/* As tg_place_message_key, which writes the chat's part again every time. */
struct str tgx_message_key(const struct tgx_scope *scope, const struct tgx_thread *thread,
                           int64_t id);

/* Whether a writer, or a name where there is no id, writes for the business by configuration or by
 * owning the export. */
bool tgx_is_own(const struct tgx_scope *scope, struct tgx_peer peer, struct str name);
/* Contact or agent, introduced by a record when new or under a new name. NULL: nobody, or no
 * memory. */
enum rc tgx_sender_meet(struct tgx_scope *scope, struct tgx_peer peer, bool is_agent,
                        struct str name, int64_t at, const struct tgx_sender **sender_out,
                        struct err *err) MUST_USE;

/* Somebody behind the name of the chat: an agent called by the signature, or by the chat. */
enum rc tgx_signer_meet(struct tgx_scope *scope, struct str signature, int64_t at,
                        struct str *key_out, struct err *err) MUST_USE;

#endif
