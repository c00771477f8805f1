#include "transform/telegram/export_text.h"

#include "lib/decimal.h"
#include "transform/telegram/value.h"

/* The export's word and the Bot API's; NULL: plain text. Others are the same in both. */
static const struct {
    const char *exported, *word;
} names[] = {
    {"plain", NULL},
    {"unknown", NULL},
    {"link", "url"},
    {"phone", "phone_number"},
    {"bank_card", "bank_card_number"},
    {"mention_name", "text_mention"},
};

static struct str part_text(const struct tgx_part *part)
{
    return str_is_null(part->plain) ? part->text : part->plain;
}

bool tgx_text_is_empty(const struct tgx_text *text)
{
    if (text == NULL || text->plain.n > 0)
        return text == NULL;
    for (const struct jpath_element *e = text->parts.first; e != NULL; e = e->next)
        if (part_text((const void *)e).n > 0)
            return false;
    return true;
}

struct str tgx_text_flat(struct arena *arena, const struct tgx_text *text)
{
    if (text == NULL || text->parts.first == NULL)
        return text != NULL ? tg_text(text->plain) : STR_NULL;
    struct str *pieces = arena_alloc(arena, text->parts.count * sizeof *pieces);
    if (pieces == NULL)
        return STR_NULL;
    size_t count = 0;
    for (const struct jpath_element *e = text->parts.first; e != NULL; e = e->next)
        pieces[count++] = part_text((const void *)e);
    return tg_text(arena_join(arena, pieces, count));
}

static struct str entity_type(const struct tgx_part *part)
{
    if (str_is_null(part->plain) && str_is(part->type, "blockquote") &&
        str_is(part->collapsed, "true"))
        return STR_LIT("expandable_blockquote");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_is(part->type, names[i].exported))
            return str_of(names[i].word);
    return tg_text(part->type);
}

/* What lies beyond U+FFFF takes two units: those characters are the ones of four bytes. */
static int64_t utf16_units(struct str text)
{
    int64_t units = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        units += ((c & 0xc0) != 0x80) + (c >= 0xf0);
    }
    return units;
}

static void put_number(struct json_writer *json, const char *name, int64_t value)
{
    char text[DECIMAL_TEXT_BYTES];
    json_member_number(json, name, (struct str){text, decimal_format(value, text)});
}

static void put_user(struct json_writer *json, struct str user_id)
{
    json_writer_text(json, STR_LIT("user"));
    json_writer_open(json, false);
    json_member_number(json, "id", user_id);
    json_writer_close(json, false);
}

/* A custom emoji is named by a number, or by the file that it was exported to. */
static struct str emoji_id(struct str document_id)
{
    int64_t number;
    return decimal_parse(document_id, &number) ? document_id : STR_NULL;
}

static void put_entity(struct json_writer *json, const struct tgx_part *part, struct str type,
                       int64_t offset, int64_t units)
{
    json_writer_open(json, false);
    json_member_text(json, "type", type);
    put_number(json, "offset", offset);
    put_number(json, "length", units);
    json_member_text(json, "url", tg_text(part->href));
    if (!str_is_null(part->user_id))
        put_user(json, part->user_id);
    json_member_text(json, "language", tg_text(part->language));
    json_member_text(json, "custom_emoji_id", emoji_id(part->document_id));
    json_writer_close(json, false);
}

struct str tgx_text_entities(struct arena *arena, struct json_writer *json,
                             const struct tgx_text *text)
{
    if (text == NULL || text->parts.first == NULL)
        return STR_NULL;
    int64_t offset = 0;
    bool has_some = false;
    json_writer_reset(json);
    json_writer_open(json, true);
    for (const struct jpath_element *e = text->parts.first; e != NULL; e = e->next) {
        const struct tgx_part *part = (const void *)e;
        int64_t units = utf16_units(part_text(part));
        struct str type = entity_type(part);
        if (!str_is_null(type) && units > 0) {
            put_entity(json, part, type, offset, units);
            has_some = true;
        }
        offset += units;
    }
    json_writer_close(json, true);
    return has_some ? arena_str(arena, json_writer_peek(json)) : STR_NULL;
}
