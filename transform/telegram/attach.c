#include "transform/telegram/attach.h"

#include "lib/decimal.h"

#define DURATION_BYTES 8 /* digits of decimal(10,3) before the point, and NUL */

/* NONE: absent, or not within what a column holds. */
static int64_t int_or_none(struct str text, int64_t most)
{
    int64_t value;
    return decimal_parse(text, &value) && value >= 0 && value <= most ? value : RECORD_INT_NONE;
}

static struct str duration(struct str text)
{
    int64_t seconds = int_or_none(text, INT32_MAX);
    return seconds != RECORD_INT_NONE && text.n < DURATION_BYTES ? text : STR_NULL;
}

static struct str file_metadata(struct tg_scope *scope, const struct tg_file *file)
{
    struct json_writer *json = scope->json;
    json_writer_reset(json);
    json_writer_open(json, false);
    json_member_text(json, "file_unique_id", tg_text(file->unique_id));
    json_member_text(json, "performer", tg_text(file->performer));
    json_member_text(json, "title", tg_text(file->title));
    json_member_number(json, "start_timestamp", tg_text(file->start_timestamp));
    json_member_json(json, "cover", file->cover_json);
    json_member_json(json, "qualities", file->qualities_json);
    json_member_text(json, "type", tg_text(file->sticker_type));
    json_member_text(json, "emoji", tg_text(file->emoji));
    json_member_text(json, "set_name", tg_text(file->set_name));
    json_member_text(json, "custom_emoji_id", tg_text(file->custom_emoji_id));
    json_member_true(json, "is_animated", tg_true(file->is_animated));
    json_member_true(json, "is_video", tg_true(file->is_video));
    return tg_object(scope);
}

static void fill(struct tg_scope *scope, const char *type, const struct tg_file *file,
                 struct record_attachment *attachment)
{
    struct str side = tg_text(file->diameter); /* of a round video */
    *attachment = (struct record_attachment){
        .type = str_of(type),
        .provider_media_id = tg_text(file->file_id),
        .mime_type = tg_text(file->mime_type),
        .filename = tg_text(file->name),
        .size_bytes = int_or_none(file->size, INT64_MAX),
        .width = int_or_none(side.n > 0 ? side : file->width, INT32_MAX),
        .height = int_or_none(side.n > 0 ? side : file->height, INT32_MAX),
        .duration_s = duration(file->duration),
        .metadata = file_metadata(scope, file),
    };
}

void tg_attach_file(struct tg_scope *scope, const char *type, const struct tg_file *file,
                    struct record_message *fields)
{
    struct record_attachment *attachment =
        file != NULL ? arena_alloc(scope->out->arena, sizeof *attachment) : NULL;
    if (attachment == NULL)
        return;
    fill(scope, type, file, attachment);
    fields->attachments = attachment;
    fields->attachment_count = 1;
}

static int64_t area(const struct tg_file *size)
{
    int64_t width = int_or_none(size->width, INT32_MAX);
    int64_t height = int_or_none(size->height, INT32_MAX);
    return width == RECORD_INT_NONE || height == RECORD_INT_NONE ? 0 : width * height;
}

/* Of equal sizes the last. */
static const struct tg_file *largest(const struct tg_photo *photo)
{
    const struct tg_file *best = NULL;
    if (photo == NULL)
        return NULL;
    for (const struct jpath_element *e = photo->sizes.first; e != NULL; e = e->next)
        if (best == NULL || area((const void *)e) >= area(best))
            best = (const void *)e;
    return best;
}

void tg_attach_photo(struct tg_scope *scope, const struct tg_photo *photo,
                     struct record_message *fields)
{
    tg_attach_file(scope, "image", largest(photo), fields);
}

/* NULL: a preview, not paid for yet. */
static const struct tg_file *paid_file(const struct tg_paid_item *item)
{
    const struct tg_file *video = item->video != NULL ? item->video : item->live_photo;
    return video != NULL ? video : largest(item->photo);
}

void tg_attach_paid(struct tg_scope *scope, const struct tg_paid_media *paid,
                    struct record_message *fields)
{
    struct record_attachment *attachments =
        paid->items.count > 0
            ? arena_alloc(scope->out->arena, paid->items.count * sizeof *attachments)
            : NULL;
    if (attachments == NULL)
        return;
    size_t n = 0;
    for (const struct jpath_element *e = paid->items.first; e != NULL; e = e->next) {
        const struct tg_paid_item *item = (const void *)e;
        const struct tg_file *file = paid_file(item);
        if (file == NULL)
            continue;
        fill(scope, item->photo != NULL ? "image" : "video", file, &attachments[n]);
        attachments[n].ordinal = (int64_t)n;
        n++;
    }
    fields->attachments = attachments;
    fields->attachment_count = n;
}
