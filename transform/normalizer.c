#include "transform/normalizer.h"

#include <stdlib.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/map.h"
#include "transform/whatsapp_map.h"

static const struct map_ops *const channels[] = {&whatsapp_map_ops};
#define CHANNELS (sizeof channels / sizeof channels[0])

struct normalizer {
    const struct map_ops *ops;
    struct map *map;
    struct map_out out;
};

static const struct map_ops *find_channel(struct str channel)
{
    for (size_t i = 0; i < CHANNELS; i++)
        if (str_is(channel, channels[i]->channel))
            return channels[i];
    return NULL;
}

const char *const *normalizer_channels(void)
{
    static const char *const words[] = {"whatsapp", NULL};
    _Static_assert(sizeof words / sizeof words[0] == CHANNELS + 1, "one word for each channel");
    return words;
}

bool normalizer_channel_defaults(struct str channel, struct str *provider_out,
                                 struct str *medium_out)
{
    const struct map_ops *ops = find_channel(channel);
    if (ops == NULL)
        return false;
    *provider_out = str_of(ops->provider);
    *medium_out = str_of(ops->medium);
    return true;
}

static enum rc refuse(struct err *err, const char *what, struct str found, const char *known)
{
    return err_set(err, RC_FATAL, "no %s \"%.*s\" yet: there is %s", what, STR_ARGS(found), known);
}

static enum rc check_conf(const struct normalizer_conf *conf, const struct map_ops *ops,
                          struct err *err)
{
    if (ops == NULL)
        return refuse(err, "channel", conf->channel, normalizer_channels()[0]);
    if (!str_is_null(conf->provider) && !str_is(conf->provider, ops->provider))
        return refuse(err, "provider", conf->provider, ops->provider);
    if (!str_is_null(conf->format) && !str_is(conf->format, ops->format))
        return refuse(err, "format", conf->format, ops->format);
    return RC_OK;
}

enum rc normalizer_new(const struct normalizer_conf *conf, const struct normalizer_sink *sink,
                       struct normalizer **normalizer_out, struct err *err)
{
    const struct map_ops *ops = find_channel(conf->channel);
    enum rc rc = check_conf(conf, ops, err);
    if (rc != RC_OK)
        return rc;
    struct normalizer *normalizer = xcalloc(1, sizeof *normalizer);
    normalizer->ops = ops;
    normalizer->out.conf = conf;
    normalizer->out.sink = *sink;
    normalizer->out.provider = str_of(ops->provider);
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

void normalizer_begin(struct normalizer *normalizer, int64_t observed_at_us,
                      enum source_kind source)
{
    arena_reset(normalizer->out.arena);
    normalizer->out.observed_at = observed_at_us;
    normalizer->out.source = source;
    normalizer->ops->begin(normalizer->map);
}

enum rc normalizer_feed(struct normalizer *normalizer, const char *bytes, size_t n, struct err *err)
{
    return normalizer->ops->feed(normalizer->map, bytes, n, err);
}

enum rc normalizer_end(struct normalizer *normalizer, struct err *err)
{
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
