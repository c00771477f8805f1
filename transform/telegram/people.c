#include "transform/telegram/people.h"

#include "lib/decimal.h"

#include <ctype.h>

#define IDENTITIES_MOST 3
#define PHONE_LEAST 8
#define PHONE_MOST 15

bool tg_user_id(const struct tg_user *user, int64_t *id_out)
{
    return user != NULL && decimal_parse(user->id, id_out) && *id_out > 0;
}

bool tg_is_own_bot(const struct tg_scope *scope, const struct tg_user *user)
{
    return user != NULL && str_equal(user->id, scope->account.account);
}

bool tg_is_own(const struct tg_scope *scope, struct str id)
{
    const struct channel_settings *settings = channel_settings_of(&scope->account);
    for (size_t i = 0; i < settings->own_count; i++)
        if (str_equal(settings->own[i], id))
            return true;
    return false;
}

struct str tg_key_of_user(const struct tg_scope *scope, const struct tg_user *user)
{
    int64_t id;
    return tg_user_id(user, &id) ? tg_user_key(scope->out->arena, id) : STR_NULL;
}

struct str tg_key_of_chat(const struct tg_scope *scope, const struct tg_chat_info *chat)
{
    int64_t id;
    if (chat == NULL || !decimal_parse(chat->id, &id))
        return STR_NULL;
    return tg_sender_chat_key(scope->out->arena, id);
}

static struct str full_name(struct arena *arena, struct str first, struct str last)
{
    const struct str parts[] = {first, first.n > 0 && last.n > 0 ? STR_LIT(" ") : STR_NULL, last};
    return last.n == 0 ? tg_text(first) : tg_text(arena_join(arena, parts, 3));
}

static struct str lower(struct arena *arena, struct str text)
{
    char *copy = text.n > 0 ? arena_alloc(arena, text.n + 1) : NULL;
    for (size_t i = 0; copy != NULL && i < text.n; i++)
        copy[i] = (char)tolower((unsigned char)text.p[i]);
    return copy != NULL ? (struct str){copy, text.n} : STR_NULL;
}

/* "+" and the digits; STR_NULL: not that many digits. */
static struct str plain_phone(struct arena *arena, struct str phone)
{
    char digits[PHONE_MOST + 2] = "+";
    size_t n = 1;
    for (size_t i = 0; i < phone.n; i++) {
        if (!isdigit((unsigned char)phone.p[i]))
            continue;
        if (n > PHONE_MOST)
            return STR_NULL;
        digits[n++] = phone.p[i];
    }
    return n > PHONE_LEAST ? arena_str(arena, (struct str){digits, n}) : STR_NULL;
}

static void add_identity(struct record_contact *contact, struct record_identity *identities,
                         const char *kind, struct str value, struct str raw)
{
    if (str_is_null(value))
        return;
    bool is_first = contact->identity_count == 0;
    identities[contact->identity_count++] =
        (struct record_identity){.kind = str_of(kind),
                                 .value = value,
                                 .value_raw = str_equal(value, raw) ? STR_NULL : raw,
                                 .is_primary = is_first};
    contact->identities = identities;
}

/* "tg:u6123456789" without "tg:u": the id as it is written everywhere else. */
static struct str id_of_key(struct str key)
{
    return (struct str){key.p + strlen("tg:u"), key.n - strlen("tg:u")};
}

static void fill_profile(struct tg_scope *scope, struct record_contact *contact, struct str name,
                         struct str username, int64_t as_of)
{
    contact->profile_as_of = as_of;
    contact->display_name = name;
    contact->username = lower(scope->out->arena, username);
}

enum rc tg_contact_phone_emit(struct tg_scope *scope, const struct tg_user *user, int64_t as_of,
                              struct str phone, struct err *err)
{
    struct arena *arena = scope->out->arena;
    struct str key = tg_key_of_user(scope, user);
    struct record_identity identities[IDENTITIES_MOST];
    struct record record;
    if (str_is_null(key))
        return RC_OK;
    tg_begin(scope, RECORD_CONTACT, "contact", key, &record);
    struct record_contact *contact = &record.contact;
    contact->is_stub = false;
    fill_profile(scope, contact, full_name(arena, user->first_name, user->last_name),
                 user->username, as_of);
    contact->language = tg_text(user->language);
    struct str plain = plain_phone(arena, phone);
    if (!str_is_null(plain)) {
        contact->crm_as_of = as_of;
        contact->mobile = plain;
    }
    add_identity(contact, identities, "telegram_user_id", id_of_key(key), STR_NULL);
    add_identity(contact, identities, "telegram_username", contact->username, user->username);
    add_identity(contact, identities, "phone", plain, phone);
    return map_out_record(scope->out, &record, err);
}

enum rc tg_contact_emit(struct tg_scope *scope, const struct tg_user *user, int64_t as_of,
                        struct err *err)
{
    return tg_contact_phone_emit(scope, user, as_of, STR_NULL, err);
}

enum rc tg_chat_contact_emit(struct tg_scope *scope, const struct tg_chat_info *chat, int64_t as_of,
                             struct err *err)
{
    struct str key = tg_key_of_chat(scope, chat);
    struct record_identity identities[IDENTITIES_MOST];
    struct record record;
    if (str_is_null(key))
        return RC_OK;
    tg_begin(scope, RECORD_CONTACT, "contact", key, &record);
    struct record_contact *contact = &record.contact;
    contact->is_stub = false;
    fill_profile(scope, contact, tg_text(chat->title), chat->username, as_of);
    add_identity(contact, identities, "telegram_username", contact->username, chat->username);
    return map_out_record(scope->out, &record, err);
}

enum rc tg_partner_emit(struct tg_scope *scope, const struct tg_place *place, struct err *err)
{
    const struct tg_chat_info *info = place->info;
    if (place->real.type != TG_PRIVATE || str_is_null(place->contact_key))
        return RC_OK;
    const struct tg_user user = {.id = info->id,
                                 .first_name = info->first_name,
                                 .last_name = info->last_name,
                                 .username = info->username};
    return tg_contact_emit(scope, &user, TG_STUB_AS_OF, err);
}

struct tg_agent tg_agent_of(const struct tg_scope *scope, const struct tg_user *user)
{
    return (struct tg_agent){.key = tg_key_of_user(scope, user),
                             .name =
                                 full_name(scope->out->arena, user->first_name, user->last_name),
                             .username = tg_text(user->username),
                             .is_bot = tg_true(user->is_bot)};
}

enum rc tg_agent_emit(struct tg_scope *scope, const struct tg_agent *agent, int64_t as_of,
                      struct err *err)
{
    struct record record;
    if (str_is_null(agent->key) || str_is_null(agent->name))
        return RC_OK;
    tg_begin(scope, RECORD_AGENT, "agent", agent->key, &record);
    record.agent.profile_as_of = as_of;
    record.agent.agent_kind = agent->is_bot ? STR_LIT("bot") : STR_LIT("human");
    record.agent.name = agent->name;
    record.agent.username = agent->username;
    record.agent.is_active = !agent->is_inactive;
    record.agent.attributes = agent->attributes;
    return map_out_record(scope->out, &record, err);
}

enum rc tg_user_emit(struct tg_scope *scope, const struct tg_user *user, int64_t as_of,
                     struct err *err)
{
    int64_t id;
    if (!tg_user_id(user, &id))
        return RC_OK;
    if (!tg_true(user->is_bot) && !tg_is_own(scope, user->id))
        return tg_contact_emit(scope, user, as_of, err);
    const struct tg_agent agent = tg_agent_of(scope, user);
    return tg_agent_emit(scope, &agent, as_of, err);
}
