/* Contact and conversation records of a change. */
#include <ctype.h>

#include "transform/whatsapp/scope.h"

#define IDENTITIES_MOST 10
#define ALIASES_MOST 2
#define COUNTRY_LETTERS 2
#define COUNTRY_AS_OF 1

static void add_identity(struct record_identity *identities, size_t *count, const char *kind,
                         struct str value, struct str raw, struct str key)
{
    if (str_is_null(value))
        return;
    identities[(*count)++] = (struct record_identity){
        .kind = str_of(kind),
        .value = value,
        .value_raw = str_equal(raw, value) ? STR_NULL : raw,
        .is_primary = str_equal(value, key),
    };
}

/* Without "@", lower case (canonical-model 3.2). */
static struct str plain_username(struct wa_scope *scope, struct str username)
{
    if (username.n > 0 && username.p[0] == '@')
        username = (struct str){username.p + 1, username.n - 1};
    char *plain = username.n > 0 ? arena_alloc(scope->out->arena, username.n + 1) : NULL;
    for (size_t i = 0; plain != NULL && i < username.n; i++)
        plain[i] = (char)tolower((unsigned char)username.p[i]);
    return plain != NULL ? (struct str){plain, username.n} : STR_NULL;
}

/* The name; of somebody who gives only a username, that one (8.1). */
static void fill_profile(struct wa_scope *scope, const struct wa_person *person,
                         struct record_contact *contact)
{
    if (person->profile == NULL)
        return;
    contact->profile_as_of = person->profile_as_of;
    contact->display_name = wa_text(person->profile->name);
    contact->username = plain_username(scope, person->profile->username);
    if (str_is_null(contact->display_name) && !str_is_null(contact->username))
        contact->display_name =
            arena_printf(scope->out->arena, "@%.*s", STR_ARGS(contact->username));
}

/* The country of a person is that of the BSUID (4.1). Where no number came along, it is stated as
 * of 1 us: the group as of the message's time would blank a number that came before. */
static void fill_crm(const struct wa_person *person, struct str phone,
                     struct record_contact *contact)
{
    bool has_number = person->number_as_of != TIME_NONE;
    struct str bsuid = person->party.bsuid;
    if (!has_number && str_is_null(bsuid))
        return;
    contact->crm_as_of = has_number ? person->number_as_of : COUNTRY_AS_OF;
    contact->mobile = has_number ? phone : STR_NULL;
    if (!str_is_null(bsuid))
        contact->country = (struct str){bsuid.p, COUNTRY_LETTERS};
}

static enum rc emit_contact(struct wa_scope *scope, const struct wa_person *person, struct err *err)
{
    struct record record;
    wa_record_begin(scope, RECORD_CONTACT, &record);
    record.id = person->id;
    record.external_id = person->key;
    struct record_contact *contact = &record.contact;
    contact->is_stub = false;
    fill_profile(scope, person, contact);
    struct str phone = wa_party_phone(&person->party, scope->out->arena);
    fill_crm(person, phone, contact);
    struct record_identity identities[IDENTITIES_MOST];
    size_t n = 0;
    const struct wa_party *party = &person->party;
    add_identity(identities, &n, "wa_bsuid", party->bsuid, party->bsuid, person->key);
    add_identity(identities, &n, "wa_id", party->wa_id, party->wa_id_raw, person->key);
    add_identity(identities, &n, "wa_id", party->other, party->other_raw, person->key);
    add_identity(identities, &n, "wa_parent_bsuid", party->parent, party->parent, person->key);
    add_identity(identities, &n, "phone", phone, party->wa_id_raw, person->key);
    struct str username = person->profile != NULL && !str_is_null(contact->username)
                              ? person->profile->username
                              : person->username;
    add_identity(identities, &n, "wa_username", plain_username(scope, username), username,
                 person->key);
    const struct wa_party *former = &person->former;
    if (!str_equal(former->bsuid, party->bsuid))
        add_identity(identities, &n, "wa_bsuid", former->bsuid, former->bsuid, STR_NULL);
    if (!str_equal(former->wa_id, party->wa_id) && !str_equal(former->wa_id, party->other))
        add_identity(identities, &n, "wa_id", former->wa_id, former->wa_id_raw, STR_NULL);
    if (!str_equal(former->parent, party->parent))
        add_identity(identities, &n, "wa_parent_bsuid", former->parent, former->parent, STR_NULL);
    contact->identities = identities;
    contact->identity_count = n;
    return map_out_record(scope->out, &record, err);
}

enum rc wa_contacts_emit(struct wa_scope *scope, struct err *err)
{
    enum rc rc = RC_OK;
    for (const struct wa_person *p = scope->persons; p != NULL && rc == RC_OK; p = p->next)
        rc = emit_contact(scope, p, err);
    return rc;
}

/* The same thread as long as only a number was known, or another spelling of it. */
static void fill_aliases(const struct wa_thread *thread, struct str aliases[static ALIASES_MOST],
                         struct record_conversation *conversation)
{
    const struct wa_party *party = &thread->person->party;
    const struct str numbers[] = {party->wa_id, party->other};
    size_t n = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!str_is_null(numbers[i]) && !str_equal(numbers[i], thread->key))
            aliases[n++] = numbers[i];
    conversation->aliases = n > 0 ? aliases : NULL;
    conversation->alias_count = n;
}

/* A group's labels are stated where its subject is: with its own fields (5.7). Anywhere else they
 * would blank it. */
static void fill_labels(const struct wa_scope *scope, const struct wa_thread *thread,
                        struct record_conversation *conversation)
{
    struct str alias = wa_text(scope->display_number);
    int64_t at = thread->is_group ? thread->topic_at : thread->last_at;
    if (at == TIME_NONE || (!thread->is_group && str_is_null(alias)))
        return;
    conversation->labels_as_of = at;
    conversation->account_alias = alias;
    conversation->topic = thread->topic;
}

static enum rc emit_thread(struct wa_scope *scope, const struct wa_thread *thread, struct err *err)
{
    struct record record;
    wa_record_begin(scope, RECORD_CONVERSATION, &record);
    record.id = thread->id;
    record.external_id = thread->key;
    struct record_conversation *conversation = &record.conversation;
    conversation->channel = STR_LIT(WA_MEDIUM);
    conversation->conversation_kind = thread->is_group ? STR_LIT("group") : STR_LIT("direct");
    conversation->started_at = thread->first_at;
    struct str aliases[ALIASES_MOST];
    const struct wa_person *person = thread->person;
    if (person != NULL) {
        conversation->contact_id = person->id;
        conversation->contact_external_id = person->key;
        fill_aliases(thread, aliases, conversation);
    }
    fill_labels(scope, thread, conversation);
    return map_out_record(scope->out, &record, err);
}

enum rc wa_threads_emit(struct wa_scope *scope, struct err *err)
{
    enum rc rc = RC_OK;
    for (const struct wa_thread *t = scope->threads; t != NULL && rc == RC_OK; t = t->next)
        rc = emit_thread(scope, t, err);
    return rc;
}
