#include "transform/normalizer.h"

#include <stdlib.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/channels.h"
#include "transform/ids.h"

#define WORDS_BYTES (4 * KIB)

struct normalizer {
    const struct map_ops *ops;
    struct map *map;
    struct map_out out;
    bool is_line_begun; /* JSON Lines: the map is within a line */
    int64_t fed;        /* JSON Lines: bytes of the lines before, and of this one so far */
};

static enum rc refuse_channel(struct str word, struct err *err)
{
    struct buf words;
    buf_init(&words, WORDS_BYTES);
    for (const struct channel *channel = channels; channel->word != NULL; channel++)
        (void)buf_printf(&words, " %s", channel->word);
    enum rc rc = err_set(err, RC_FATAL, "no channel \"%.*s\": there is%.*s", STR_ARGS(word),
                         STR_ARGS(buf_peek(&words)));
    buf_done(&words);
    return rc;
}

static enum rc refuse_shape(const struct normalizer_conf *conf, const struct channel *channel,
                            struct err *err)
{
    struct buf words;
    buf_init(&words, WORDS_BYTES);
    for (const struct map_ops *const *map = channel->maps; *map != NULL; map++)
        (void)buf_printf(&words, "%s %s/%s", map == channel->maps ? "" : ",", (*map)->provider,
                         (*map)->format);
    bool has_provider = channel_map(channel, conf->provider, STR_NULL) != NULL;
    struct str found = has_provider ? conf->format : conf->provider;
    enum rc rc =
        err_set(err, RC_FATAL, "no %s \"%.*s\" of channel %s: there is, as provider/format,%.*s",
                has_provider ? "format" : "provider", STR_ARGS(found), channel->word,
                STR_ARGS(buf_peek(&words)));
    buf_done(&words);
    return rc;
}

static enum rc find_map(const struct normalizer_conf *conf, const struct map_ops **ops_out,
                        struct err *err)
{
    const struct channel *channel = channel_find(conf->channel);
    if (channel == NULL)
        return refuse_channel(conf->channel, err);
    *ops_out = channel_map(channel, conf->provider, conf->format);
    return *ops_out != NULL ? RC_OK : refuse_shape(conf, channel, err);
}

const struct channel_settings *channel_settings_of(const struct channel_account *account)
{
    static const struct channel_settings none;
    return account->settings != NULL ? account->settings : &none;
}

enum rc normalizer_new(const struct normalizer_conf *conf, const struct normalizer_sink *sink,
                       struct normalizer **normalizer_out, struct err *err)
{
    const struct map_ops *ops = NULL;
    enum rc rc = find_map(conf, &ops, err);
    if (rc != RC_OK)
        return rc;
    struct normalizer *normalizer = xcalloc(1, sizeof *normalizer);
    normalizer->ops = ops;
    normalizer->out.conf = conf;
    normalizer->out.sink = *sink;
    normalizer->out.provider = str_of(ops->account_provider);
    normalizer->out.arena = arena_new("document", LIMIT_SCOPE_ARENA_BYTES);
    normalizer->map = ops->open(&normalizer->out);
    *normalizer_out = normalizer;
    return RC_OK;
}

void normalizer_free(struct normalizer **normalizer)
{
    if (normalizer == NULL || *normalizer == NULL)
        return;
    (*normalizer)->ops->close((*normalizer)->map);
    arena_free(&(*normalizer)->out.arena);
    free(*normalizer);
    *normalizer = NULL;
}

static void begin_map(struct normalizer *normalizer)
{
    arena_reset(normalizer->out.arena);
    normalizer->ops->begin(normalizer->map);
}

void normalizer_begin(struct normalizer *normalizer, const struct document *document)
{
    normalizer->out.document = *document;
    normalizer->out.document.is_lines |= normalizer->ops->is_lines;
    normalizer->out.base_offset = 0;
    normalizer->is_line_begun = false;
    normalizer->fed = 0;
    if (!normalizer->out.document.is_lines)
        begin_map(normalizer);
}

/* ---- JSON Lines ---- */

static size_t blanks(const char *bytes, size_t n)
{
    size_t at = 0;
    while (at < n && memchr(" \t\r", bytes[at], 3) != NULL)
        at++;
    return at;
}

/* Blank lines, and blanks before a line, are no documents. */
static enum rc feed_line(struct normalizer *normalizer, const char *bytes, size_t n,
                         struct err *err)
{
    if (!normalizer->is_line_begun) {
        size_t skipped = blanks(bytes, n);
        if (skipped == n)
            return RC_OK;
        bytes += skipped;
        n -= skipped;
        normalizer->out.base_offset = normalizer->fed + (int64_t)skipped;
        normalizer->is_line_begun = true;
        begin_map(normalizer);
    }
    return normalizer->ops->feed(normalizer->map, bytes, n, err);
}

static enum rc end_line(struct normalizer *normalizer, struct err *err)
{
    if (!normalizer->is_line_begun)
        return RC_OK;
    normalizer->is_line_begun = false;
    return normalizer->ops->end(normalizer->map, err);
}

static enum rc feed_lines(struct normalizer *normalizer, const char *bytes, size_t n,
                          struct err *err)
{
    enum rc rc = RC_OK;
    while (n > 0 && rc == RC_OK) {
        const char *end = memchr(bytes, '\n', n);
        size_t line = end != NULL ? (size_t)(end - bytes) : n;
        rc = feed_line(normalizer, bytes, line, err);
        if (rc == RC_OK && end != NULL)
            rc = end_line(normalizer, err);
        line += end != NULL;
        normalizer->fed += (int64_t)line;
        bytes += line;
        n -= line;
    }
    return rc;
}

enum rc normalizer_feed(struct normalizer *normalizer, const char *bytes, size_t n, struct err *err)
{
    if (normalizer->out.document.is_lines)
        return feed_lines(normalizer, bytes, n, err);
    return normalizer->ops->feed(normalizer->map, bytes, n, err);
}

enum rc normalizer_end(struct normalizer *normalizer, struct err *err)
{
    if (normalizer->out.document.is_lines)
        return end_line(normalizer, err);
    return normalizer->ops->end(normalizer->map, err);
}

void normalizer_counts(const struct normalizer *normalizer, struct normalizer_counts *counts_out)
{
    *counts_out = normalizer->out.counts;
}

const char *reject_code_name(enum reject_code code)
{
    switch (code) {
    case REJECT_JSON_SYNTAX:
        return "json_syntax";
    case REJECT_TOO_DEEP:
        return "too_deep";
    case REJECT_TOO_LARGE:
        return "too_large";
    case REJECT_NOT_THIS_CHANNEL:
        return "not_this_channel";
    case REJECT_UNKNOWN_ACCOUNT:
        return "unknown_account";
    case REJECT_MISSING_MEMBER:
        return "missing_member";
    case REJECT_BAD_VALUE:
        return "bad_value";
    }
    return "unknown";
}
