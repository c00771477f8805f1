/* people.h: who writes: contacts, and agents of the business.
 *
 * A profile is stated from User objects only; a private chat names its partner too, but without
 * language, so what it says is a stub (as-of 1): any User wins.
 * Source:  reference/telegram.md 1.4, 6.1, 11.1; canonical-model 3.2.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_PEOPLE_H
#define SLUICE_TRANSFORM_TELEGRAM_PEOPLE_H

#include "transform/telegram/scope.h"

#define TG_STUB_AS_OF 1

/* The id is a user's: a positive number. */
bool tg_user_id(const struct tg_user *user, int64_t *id_out);
bool tg_is_own_bot(const struct tg_scope *scope, const struct tg_user *user);
/* Configured as writing for the business. */
bool tg_is_own(const struct tg_scope *scope, struct str id);
/* STR_NULL: no user, or one without an id. */
struct str tg_key_of_user(const struct tg_scope *scope, const struct tg_user *user);
struct str tg_key_of_chat(const struct tg_scope *scope, const struct tg_chat_info *chat);

enum rc tg_contact_emit(struct tg_scope *scope, const struct tg_user *user, int64_t as_of,
                        struct err *err) MUST_USE;
/* The same with a number that the user has shared; phone STR_NULL: none. */
enum rc tg_contact_phone_emit(struct tg_scope *scope, const struct tg_user *user, int64_t as_of,
                              struct str phone, struct err *err) MUST_USE;
/* Somebody who writes as a chat. */
enum rc tg_chat_contact_emit(struct tg_scope *scope, const struct tg_chat_info *chat, int64_t as_of,
                             struct err *err) MUST_USE;
/* The partner of a private chat, as far as the chat names him. */
enum rc tg_partner_emit(struct tg_scope *scope, const struct tg_place *place,
                        struct err *err) MUST_USE;

struct tg_agent {
    struct str key, name, username, attributes;
    bool is_bot, is_inactive;
};
/* Without a name nothing is stated. */
enum rc tg_agent_emit(struct tg_scope *scope, const struct tg_agent *agent, int64_t as_of,
                      struct err *err) MUST_USE;
struct tg_agent tg_agent_of(const struct tg_scope *scope, const struct tg_user *user);

/* A user met in passing: an agent, if the business's or a bot, else a contact; nothing without an
 * id. */
enum rc tg_user_emit(struct tg_scope *scope, const struct tg_user *user, int64_t as_of,
                     struct err *err) MUST_USE;

#endif
