#include <ctype.h>

#include "transform/b2chat/scope.h"

#define IDENTITIES_MOST 6
#define SECONDS_DIGITS_MOST 10

/* ---- identities ---- */

struct identities {
    struct record_identity items[IDENTITIES_MOST];
    size_t count;
    bool is_full; /* of the arena */
};

/* raw: as received, where that is another text. */
static void add_identity(struct identities *to, const char *kind, struct str value, struct str raw)
{
    for (size_t i = 0; i < to->count; i++)
        if (str_is(to->items[i].kind, kind) && str_equal(to->items[i].value, value))
            return;
    to->items[to->count++] = (struct record_identity){
        .kind = str_of(kind), .value = value, .value_raw = str_equal(raw, value) ? STR_NULL : raw};
}

/* Fewer than eight digits name nobody. */
static struct str add_phone(struct identities *to, struct arena *arena, struct str raw)
{
    raw = b2_text(raw);
    struct str digits = b2_phone_digits(arena, raw);
    if (str_is_null(digits))
        return STR_NULL;
    struct str phone = arena_join(arena, (struct str[]){STR_LIT("+"), digits}, 2);
    to->is_full = to->is_full || str_is_null(phone);
    if (!str_is_null(phone))
        add_identity(to, "phone", phone, raw);
    return digits;
}

static void add_email(struct identities *to, struct arena *arena, struct str raw)
{
    raw = b2_text(raw);
    struct str email = b2_lower(arena, raw);
    to->is_full = to->is_full || str_is_null(email) != str_is_null(raw);
    if (!str_is_null(email))
        add_identity(to, "email", email, raw);
}

static struct str mobile_of(const struct b2_person *person)
{
    return b2_first(person->mobile, person->mobile_number);
}

static struct str land_line_of(const struct b2_person *person)
{
    return b2_first(person->landline, person->phone_number);
}

static void add_common(struct identities *to, struct arena *arena, const struct b2_person *person,
                       bool is_whatsapp)
{
    add_identity(to, "b2chat_contact_id", b2_person_key(person), b2_person_key(person));
    to->items[0].is_primary = true;
    struct str raw = mobile_of(person);
    struct str digits = add_phone(to, arena, raw);
    if (is_whatsapp && !str_is_null(digits))
        add_identity(to, "wa_id", digits, raw);
    add_email(to, arena, person->email);
}

/* A stub keeps as identities what the contact feed has members for. */
static void add_stub(struct identities *to, struct arena *arena, const struct b2_person *person)
{
    (void)add_phone(to, arena, land_line_of(person));
    struct str reference = b2_text(person->identification);
    if (!str_is_null(reference))
        add_identity(to, "external_ref", reference, reference);
}

static enum rc set_identities(struct arena *arena, const struct identities *identities,
                              struct record_contact *contact, struct err *err)
{
    struct record_identity *items =
        arena_alloc(arena, identities->count * sizeof(struct record_identity));
    if (items == NULL || identities->is_full)
        return b2_no_memory(err);
    memcpy(items, identities->items, identities->count * sizeof(struct record_identity));
    contact->identities = items;
    contact->identity_count = identities->count;
    return RC_OK;
}

/* ---- stubs ---- */

static void begin(struct b2_emitter *emitter, struct b2_entity entity, struct record *record)
{
    map_out_begin(emitter->out, RECORD_CONTACT, &emitter->account.channel_id, record);
    record->id = entity.id;
    record->external_id = entity.key;
}

static struct str name_of(const struct b2_person *person)
{
    return b2_first(person->name, person->fullname);
}

/* What the contact feed delivered is never overwritten from here: no crm group, and no name where
 * none is stated. */
static enum rc emit_stub(struct b2_emitter *emitter, struct b2_entity entity,
                         const struct b2_person *person, const char *medium, struct err *err)
{
    struct arena *arena = emitter->out->arena;
    struct identities identities = {.count = 0};
    struct record record;
    begin(emitter, entity, &record);
    record.contact.is_stub = true;
    record.contact.display_name = name_of(person);
    if (!str_is_null(record.contact.display_name))
        record.contact.profile_as_of = emitter->as_of;
    add_common(&identities, arena, person, strcmp(medium, "whatsapp") == 0);
    add_stub(&identities, arena, person);
    enum rc rc = set_identities(arena, &identities, &record.contact, err);
    return rc == RC_OK ? map_out_record(emitter->out, &record, err) : rc;
}

enum rc b2_chat_contact_emit(struct b2_scope *scope, struct err *err)
{
    if (str_is_null(scope->contact.key))
        return RC_OK;
    return emit_stub(scope->emitter, scope->contact, &scope->chat->person, scope->medium, err);
}

static enum rc reject_nobody(struct b2_emitter *emitter, const char *member, struct str path,
                             int64_t offset, struct err *err)
{
    return b2_reject(emitter, REJECT_MISSING_MEMBER, path, member, offset,
                     "expected the contact's id", err);
}

enum rc b2_emit_person(struct b2_emitter *emitter, const struct b2_person *person,
                       const char *medium, struct str path, int64_t offset, struct err *err)
{
    struct b2_entity entity = b2_entity(emitter, "contact", b2_person_key(person));
    if (str_is_null(entity.key))
        return reject_nobody(emitter, "id", path, offset, err);
    return emit_stub(emitter, entity, person, medium, err);
}

/* ---- the contact feed ---- */

/* Seconds since 1970: the only times with a zone. */
static bool read_seconds(struct str text, int64_t *at_out)
{
    int64_t seconds = 0;
    text = b2_text(text);
    *at_out = TIME_NONE;
    if (str_is_null(text))
        return true;
    if (text.n > SECONDS_DIGITS_MOST)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.p[i]))
            return false;
        seconds = seconds * 10 + (text.p[i] - '0');
    }
    *at_out = seconds * US_PER_SECOND;
    return true;
}

/* tags_out is as long as the list. false: one of the times is none. */
static bool read_tags(const struct b2_contact *contact, struct record_tag *tags, size_t *count_out)
{
    *count_out = 0;
    for (const struct jpath_element *e = contact->tags.first; e != NULL; e = e->next) {
        const struct b2_contact_tag *from = (const void *)e;
        struct record_tag *tag = &tags[*count_out];
        tag->name = b2_text(from->name);
        if (!read_seconds(from->assigned_at, &tag->assigned_at))
            return false;
        *count_out += !str_is_null(tag->name);
    }
    return true;
}

static bool fill_crm(struct b2_emitter *emitter, const struct b2_contact *from,
                     struct record_contact *to)
{
    to->crm_as_of = emitter->as_of;
    to->email = b2_text(from->person.email);
    to->mobile = mobile_of(&from->person);
    to->phone = land_line_of(&from->person);
    to->identification = b2_text(from->person.identification);
    to->address = b2_text(from->address);
    to->city = b2_text(from->city);
    to->country = b2_text(from->country);
    to->company = b2_text(from->company);
    to->merchant_id = b2_text(from->merchant_id);
    return b2_lists_attributes(emitter->lists, from->custom_attributes_json, emitter->out->arena,
                               emitter->json, &to->custom_attributes);
}

static const char *read_times(struct b2_emitter *emitter, const struct b2_contact *from,
                              struct record_contact *to)
{
    if (!b2_time_read(emitter->times, from->created, &to->source_created_at))
        return "created";
    return b2_time_read(emitter->times, from->updated, &to->source_updated_at) ? NULL : "updated";
}

static enum rc fill_contact(struct b2_emitter *emitter, const struct b2_contact *from,
                            struct record_contact *to, struct err *err)
{
    struct arena *arena = emitter->out->arena;
    struct identities identities = {.count = 0};
    to->is_stub = false;
    to->profile_as_of = emitter->as_of;
    to->display_name = name_of(&from->person);
    if (!fill_crm(emitter, from, to))
        return b2_no_memory(err);
    add_common(&identities, arena, &from->person, false);
    return set_identities(arena, &identities, to, err);
}

enum rc b2_emit_contact(struct b2_emitter *emitter, const struct b2_contact *contact,
                        struct str path, struct err *err)
{
    int64_t offset = contact->element.offset;
    struct record record;
    struct b2_entity entity = b2_entity(emitter, "contact", b2_person_key(&contact->person));
    if (str_is_null(entity.key))
        return reject_nobody(emitter, "contact_id", path, offset, err);
    begin(emitter, entity, &record);
    const char *bad_time = read_times(emitter, contact, &record.contact);
    if (bad_time != NULL)
        return b2_reject(emitter, REJECT_BAD_VALUE, path, bad_time, offset, B2_TIME_EXPECTED, err);
    struct record_tag *tags =
        arena_alloc(emitter->out->arena, (contact->tags.count + 1) * sizeof(struct record_tag));
    if (tags == NULL)
        return b2_no_memory(err);
    if (!read_tags(contact, tags, &record.contact.tag_count))
        return b2_reject(emitter, REJECT_BAD_VALUE, path, "tags", offset,
                         "expected every assigned_at to be seconds since 1970", err);
    record.contact.tags = tags;
    enum rc rc = fill_contact(emitter, contact, &record.contact, err);
    return rc == RC_OK ? map_out_record(emitter->out, &record, err) : rc;
}
