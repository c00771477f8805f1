#include "transform/b2chat/console.h"

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/b2chat/values.h"
#include "transform/text.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct console_column {
    const char *name;
    size_t offset; /* in struct console_row */
    bool is_required;
    const char *member; /* of the API; NULL: the API has none */
    bool is_of_message;
};

#define AT(field) offsetof(struct console_row, field)
static const struct console_column columns[] = {
    {"Chat ID", AT(chat_id), true, "chat_id", false},
    {"Merchant ID", AT(merchant_id), false, NULL, false},
    {"Provider", AT(provider), true, "provider", false},
    {"Department", AT(department), false, "department", false},
    {"Chat Created At", AT(chat_created_at), true, "created_at", false},
    {"Month of chat creation", AT(month), false, NULL, false},
    {"Message Created At", AT(message_created_at), true, "created_at", true},
    {"Date of last message from contact", AT(last_inbound_at), false, NULL, false},
    {"Contact ID", AT(contact_id), true, NULL, false},
    {"Contact Identification", AT(identification), false, NULL, false},
    {"Contact Name", AT(contact_name), false, NULL, false},
    {"Contact Email", AT(contact_email), false, NULL, false},
    {"Contact Phone Number", AT(phone_number), false, NULL, false},
    {"Contact Mobile Number", AT(mobile_number), false, NULL, false},
    {"Contact Tag", AT(contact_tag), false, NULL, false},
    {"Agent ID", AT(agent_id), false, NULL, false},
    {"Agent Name", AT(agent_name), false, NULL, false},
    {"Agent Username", AT(agent_username), false, NULL, false},
    {"Agent Email", AT(agent_email), false, NULL, false},
    {"Message Incoming", AT(incoming), true, "incoming", true},
    {"Message Contact", AT(by_contact), false, NULL, true},
    {"Message Agent", AT(by_agent), false, NULL, true},
    {"Message Bot", AT(by_bot), false, NULL, true},
    {"Message Type", AT(type), true, "type", true},
    {"Message Caption", AT(caption), false, "caption", true},
    {"Alias", AT(alias), false, "alias", false},
    {"Bot", AT(bot), false, NULL, false},
    {"Status", AT(status), true, "status", false},
    {"Opened at", AT(opened_at), false, "opened_at", false},
    {"Picked up at", AT(picked_up_at), false, "picked_up_at", false},
    {"Responded at", AT(responded_at), false, "responded_at", false},
    {"Closed at", AT(closed_at), false, "closed_at", false},
    {"Duration", AT(duration), false, "duration", false},
    {"Outgoing", AT(outgoing), false, NULL, false},
    {"Broadcasted", AT(broadcasted), false, "broadcasted", true},
    {"Tags", AT(tags), false, "tags", false},
    {"Ad Source", AT(ad_source), false, NULL, false},
    {"Ad type", AT(ad_type), false, NULL, false},
    {"Ad name", AT(ad_name), false, NULL, false},
    {"Ad Source_id", AT(ad_source_id), false, NULL, false},
};

const char *console_member(const char *member, bool is_of_message)
{
    for (size_t i = 0; i < COUNT(columns); i++)
        if (columns[i].member != NULL && strcmp(columns[i].member, member) == 0 &&
            columns[i].is_of_message == is_of_message)
            return columns[i].name;
    return member;
}

/* ---- the header ---- */

static const struct console_column *find_column(struct str name)
{
    for (size_t i = 0; i < COUNT(columns); i++)
        if (b2_same_word(name, str_of(columns[i].name)))
            return &columns[i];
    return NULL;
}

static bool has_column(const struct console_header *header, const struct console_column *column)
{
    for (size_t i = 0; i < header->count; i++)
        if (header->columns[i] == column)
            return true;
    return false;
}

static bool has_name(const struct console_header *header, struct str name)
{
    for (size_t i = 0; i < header->count; i++)
        if (b2_same_word(header->names[i], name))
            return true;
    return false;
}

bool console_header_read(struct console_header *header, const struct b2_row *row)
{
    uint64_t replaced = 0;
    header->names = arena_alloc(header->arena, (row->count + 1) * sizeof(struct str));
    header->columns =
        arena_alloc(header->arena, (row->count + 1) * sizeof(struct console_column *));
    header->count = 0;
    if (header->names == NULL || header->columns == NULL)
        return false;
    for (size_t i = 0; i < row->count; i++) {
        struct str name = text_clean(header->arena, row->fields[i], &replaced);
        if (str_is_null(name))
            return false;
        name = b2_text(name);
        const struct console_column *column = find_column(name);
        bool is_second = has_name(header, name);
        if (is_second) /* an unknown one, under a name of its own */
            name = arena_printf(header->arena, "%.*s [%zu]", STR_ARGS(name), i + 1);
        header->columns[i] = is_second ? NULL : column;
        header->names[i] = name;
        header->count++;
    }
    return true;
}

bool console_is_chat_id(const struct console_header *header, size_t place)
{
    return place < header->count && header->columns[place] == &columns[0];
}

struct str console_header_lacks(const struct console_header *header)
{
    struct buf names;
    buf_init(&names, KIB);
    for (size_t i = 0; i < COUNT(columns); i++)
        if (columns[i].is_required && !has_column(header, &columns[i]))
            (void)buf_printf(&names, "%s%s", names.n > 0 ? ", " : "", columns[i].name);
    struct str lacks = names.n > 0 ? arena_str(header->arena, buf_peek(&names)) : STR_NULL;
    buf_done(&names);
    return lacks;
}

/* ---- a row ---- */

static bool read_fields(const struct console_header *header, const struct b2_row *row,
                        struct arena *arena, struct str *texts, struct console_row *row_out)
{
    for (size_t i = 0; i < row->count; i++) {
        texts[i] = text_clean(arena, row->fields[i], &row_out->replaced);
        if (str_is_null(texts[i]))
            return false;
        if (header->columns[i] != NULL)
            *(struct str *)(void *)((char *)row_out + header->columns[i]->offset) =
                b2_given(texts[i]);
    }
    return true;
}

static struct str take_object(struct json_writer *json, struct arena *arena)
{
    json_writer_close(json, false);
    struct str text = json_writer_peek(json);
    return str_is_null(text) || str_is(text, "{}") ? STR_NULL : arena_str(arena, text);
}

static void begin_object(struct json_writer *json)
{
    json_writer_reset(json);
    json_writer_open(json, false);
}

/* A column without a name has nothing to be kept under. */
static void add_member(struct json_writer *json, struct str name, struct str text)
{
    text = b2_text(text);
    if (str_is_null(text) || str_is_null(name))
        return;
    json_writer_text(json, name);
    json_writer_text(json, text);
}

bool console_row_read(const struct console_header *header, const struct b2_row *row,
                      struct arena *arena, struct json_writer *json, struct console_row *row_out)
{
    struct str *texts = arena_alloc(arena, (row->count + 1) * sizeof(struct str));
    *row_out = (struct console_row){.replaced = 0};
    if (texts == NULL || !read_fields(header, row, arena, texts, row_out))
        return false;
    begin_object(json);
    for (size_t i = 0; i < row->count; i++)
        if (header->columns[i] == NULL)
            add_member(json, header->names[i], texts[i]);
    row_out->unknown_json = take_object(json, arena);
    return true;
}

/* ---- what it says ---- */

/* "a, b" as ["a","b"]. */
static struct str tags_of(struct str tags, struct arena *arena, struct json_writer *json)
{
    if (str_is_null(tags))
        return STR_NULL;
    json_writer_reset(json);
    json_writer_open(json, true);
    for (;;) {
        const char *comma = memchr(tags.p, ',', tags.n);
        size_t n = comma != NULL ? (size_t)(comma - tags.p) : tags.n;
        json_writer_text(json, (struct str){tags.p, n});
        if (comma == NULL)
            break;
        tags.p += n + 1;
        tags.n -= n + 1;
    }
    json_writer_close(json, true);
    return arena_str(arena, json_writer_peek(json));
}

static struct str contact_of(const struct console_row *row, struct arena *arena,
                             struct json_writer *json)
{
    begin_object(json);
    json_member_text(json, "id", b2_text(row->contact_id));
    json_member_text(json, "name", b2_text(row->contact_name));
    json_member_text(json, "email", b2_text(row->contact_email));
    json_member_text(json, "identification", b2_text(row->identification));
    json_member_text(json, "mobile_number", b2_text(row->mobile_number));
    json_member_text(json, "phone_number", b2_text(row->phone_number));
    return take_object(json, arena);
}

/* What the API has no member for. */
static struct str file_members(const struct console_row *row, struct arena *arena,
                               struct json_writer *json)
{
    begin_object(json);
    json_member_text(json, "merchant_id", b2_text(row->merchant_id));
    json_member_text(json, "month_of_creation", b2_text(row->month));
    json_member_text(json, "last_contact_message_at", b2_text(row->last_inbound_at));
    json_member_text(json, "contact_tag", b2_text(row->contact_tag));
    json_member_text(json, "bot", b2_text(row->bot));
    json_member_text(json, "outgoing", b2_text(row->outgoing));
    json_member_text(json, "ad_source", b2_text(row->ad_source));
    json_member_text(json, "ad_type", b2_text(row->ad_type));
    json_member_text(json, "ad_name", b2_text(row->ad_name));
    json_member_text(json, "ad_source_id", b2_text(row->ad_source_id));
    return take_object(json, arena);
}

bool console_chat(const struct console_row *row, struct arena *arena, struct json_writer *json,
                  struct b2_chat *chat_out)
{
    *chat_out = (struct b2_chat){.chat_id = row->chat_id,
                                 .provider = row->provider,
                                 .status = row->status,
                                 .alias = row->alias,
                                 .duration = row->duration,
                                 .created_at = row->chat_created_at,
                                 .opened_at = row->opened_at,
                                 .picked_up_at = row->picked_up_at,
                                 .responded_at = row->responded_at,
                                 .closed_at = row->closed_at};
    chat_out->department.text = row->department;
    chat_out->agent = (struct b2_agent){.id = row->agent_id,
                                        .username = row->agent_username,
                                        .name = row->agent_name,
                                        .email = row->agent_email};
    chat_out->person = (struct b2_person){.id = row->contact_id,
                                          .name = row->contact_name,
                                          .mobile_number = row->mobile_number,
                                          .phone_number = row->phone_number,
                                          .email = row->contact_email,
                                          .identification = row->identification};
    chat_out->tags_json = tags_of(row->tags, arena, json);
    chat_out->contact_json = contact_of(row, arena, json);
    chat_out->file_json = file_members(row, arena, json);
    return str_is_null(chat_out->tags_json) == str_is_null(row->tags);
}

bool console_message(const struct console_row *row, struct b2_message *message_out)
{
    const struct {
        struct str text;
        const char *author;
    } texts[] = {{row->by_contact, "contact"}, {row->by_agent, "agent"}, {row->by_bot, "bot"}};
    *message_out = (struct b2_message){.created_at = row->message_created_at,
                                       .type = row->type,
                                       .incoming = row->incoming,
                                       .broadcasted = row->broadcasted,
                                       .caption = row->caption,
                                       .unknown_json = row->unknown_json};
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (str_is_null(b2_text(texts[i].text)))
            continue;
        if (message_out->author != NULL)
            return false;
        message_out->body = texts[i].text;
        message_out->author = texts[i].author;
    }
    return true;
}
