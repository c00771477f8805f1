/* export_chat.h: who writes in an exported chat, and what the chat is called.
 *
 * The file names people as the exporting phone's address book does, and nobody as its owner: who
 * writes for the business is the setting "own", or, in a chat of two, whoever the file's name does
 * not name. Otherwise the chat is refused: direction is never guessed.
 * Keys:    a number's digits, as webhooks have them, where sender or file name is a number; else
 * "wax:<name>", and "wax:group:<title>" for groups.
 * Source:  reference/whatsapp.md 7.1 (file names), 7.3 (senders), 7.8 (chat key).
 * Owns:    the senders of one document, at most LIMIT_CHAT_SENDERS of them.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_CHAT_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_CHAT_H

#include "transform/map.h"

struct wa_sender {
    struct str name;   /* cleaned */
    struct str number; /* digits; STR_NULL: the name is no number */
    struct str key;    /* of the contact */
    struct uuid id;
    uint64_t lines;  /* where they were counted */
    uint64_t pasts;  /* those of them that go far back in time */
    bool is_own;     /* writes for the business */
    bool is_written; /* the contact record left already */
};

struct wa_chat;

struct wa_chat_fault { /* why the chat cannot be read */
    enum reject_code code;
    const char *path, *detail;
};

struct wa_chat *wa_chat_new(struct map_out *out);
void wa_chat_free(struct wa_chat **chat);
/* The document's name may be STR_NULL. Forgets the chat before. */
void wa_chat_begin(struct wa_chat *chat, const struct channel_account *account);

/* The line after its header, in sender and text; sender STR_NULL: a line that WhatsApp wrote.
 * Texts live in the arena, or in the line. */
void wa_chat_split(const struct wa_chat *chat, struct arena *arena, struct str line,
                   struct str *sender_out, struct str *text_out);
/* The first lines are counted before anything is decided. is_past: the line goes far back in time;
 * whoever has no other lines was pasted into a message (reference 7.2), and makes no group. */
void wa_chat_count(struct wa_chat *chat, struct str sender, bool is_past);
void wa_chat_count_system(struct wa_chat *chat, struct arena *arena, struct str text);
/* false: nobody can tell who is who. */
bool wa_chat_decide(struct wa_chat *chat, struct wa_chat_fault *fault_out);

/* After the decision. NULL: a third person in a chat of two. */
struct wa_sender *wa_chat_sender(struct wa_chat *chat, struct str name);
/* Whether somebody of that name would be the third in a chat of two. */
bool wa_chat_is_stranger(const struct wa_chat *chat, struct str name);
/* The other side; NULL: a group. */
struct wa_sender *wa_chat_person(const struct wa_chat *chat);
struct str wa_chat_key(const struct wa_chat *chat);
const struct uuid *wa_chat_id(const struct wa_chat *chat);
struct str wa_chat_title(const struct wa_chat *chat);
const struct channel_account *wa_chat_account(const struct wa_chat *chat);
/* Whether the key is a number, so that it is the same chat as in webhooks. */
bool wa_chat_is_verified(const struct wa_chat *chat);

/* The title in a file's name: "Ana" of "WhatsApp Chat with Ana (1).txt"; STR_NULL: none.
 * is_certain: the name has the form that WhatsApp gives. */
struct str wa_chat_title_of(struct arena *arena, struct str name, bool *is_certain);

#endif
