#include "cli/shapes.h"

#include "connectors/file_shape.h"
#include "transform/channels.h"

/* ---- the table ---- */

struct widths {
    int channel, provider, format;
};

static int wider(int width, const char *word)
{
    int n = (int)strlen(word);
    return n > width ? n : width;
}

static struct widths measure(void)
{
    struct widths widths = {(int)strlen("CHANNEL"), (int)strlen("PROVIDER"), (int)strlen("FORMAT")};
    for (const struct channel *channel = channels; channel->word != NULL; channel++) {
        widths.channel = wider(widths.channel, channel->word);
        for (const struct map_ops *const *map = channel->maps; *map != NULL; map++) {
            widths.provider = wider(widths.provider, (*map)->provider);
            widths.format = wider(widths.format, (*map)->format);
        }
    }
    return widths;
}

static void print_row(FILE *out, const struct widths *widths, const char *channel,
                      const char *provider, const char *format, const char *reads)
{
    (void)fprintf(out, "  %-*s  %-*s  %-*s  %s\n", widths->channel, channel, widths->provider,
                  provider, widths->format, format, reads);
}

static void print_table(FILE *out)
{
    const struct widths widths = measure();
    print_row(out, &widths, "CHANNEL", "PROVIDER", "FORMAT", "READS");
    for (const struct channel *channel = channels; channel->word != NULL; channel++)
        for (const struct map_ops *const *map = channel->maps; *map != NULL; map++)
            print_row(out, &widths, map == channel->maps ? channel->word : "", (*map)->provider,
                      (*map)->format, (*map)->reads);
}

/* ---- examples ---- */

static const struct {
    const char *channel, *lines;
} examples[] = {
    {"whatsapp", "  sluice normalize --channel whatsapp --tenant acme <body.json\n"
                 "  sluice normalize --channel whatsapp body.json | jq -r "
                 "'select(.kind==\"message\").text'\n"
                 "  sluice normalize --channel whatsapp --format export --account 106540352242922 "
                 "\\\n"
                 "    --timezone America/Bogota --own \"Tienda Sol\" \"WhatsApp Chat with "
                 "Ana.zip\"\n"},
    {"telegram", "  sluice normalize --channel telegram --account 123456 update.json\n"
                 "  sluice normalize --channel telegram --format export --account 123456 "
                 "\\\n"
                 "    --own 5998800001 --summary result.json >records.jsonl\n"},
    {"email", "  sluice normalize --channel email --account help@acme.example mail.eml\n"
              "  sluice normalize --channel email --provider postmark --account "
              "help@acme.example body.json\n"},
    {"b2chat", "  sluice normalize --channel b2chat --account acme-main --timezone America/Bogota "
               "page.json\n"},
    {"canonical", "  sluice normalize --channel canonical --account desk records.jsonl\n"},
};

static const char *example_of(const char *channel)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        if (strcmp(examples[i].channel, channel) == 0)
            return examples[i].lines;
    return NULL;
}

static void print_examples(FILE *out)
{
    for (const struct channel *channel = channels; channel->word != NULL; channel++) {
        const char *lines = example_of(channel->word);
        if (lines != NULL)
            (void)fputs(lines, out);
        else
            (void)fprintf(out, "  sluice normalize --channel %s --account ACCOUNT FILE\n",
                          channel->word);
    }
}

void shapes_print(FILE *out)
{
    (void)fputs("\nWhat is read; the first line of a channel is its default:\n\n", out);
    print_table(out);
    (void)fputs("\nExamples:\n\n", out);
    print_examples(out);
    (void)fputs("\nExit codes: 0 everything was read, 1 something was rejected or failed, 2 wrong "
                "usage.\n",
                out);
}

/* ---- guesses ---- */

static const struct map_ops *map_of(const struct file_shape *shape)
{
    const struct channel *channel =
        shape->channel != NULL ? channel_find(str_of(shape->channel)) : NULL;
    return channel != NULL ? channel_map(channel, str_of(shape->provider), str_of(shape->format))
                           : NULL;
}

/* As few as name the map. */
static void add_options(const struct file_shape *shape, const struct map_ops *map,
                        struct buf *options)
{
    const struct channel *channel = channel_find(str_of(shape->channel));
    (void)buf_printf(options, "--channel %s", shape->channel);
    if (map == channel->maps[0])
        return;
    if (channel_map(channel, STR_NULL, str_of(map->format)) != map)
        (void)buf_printf(options, " --provider %s", map->provider);
    (void)buf_printf(options, " --format %s", map->format);
}

bool shapes_guess(struct str beginning, const struct map_ops *chosen, struct buf *options)
{
    const struct file_shape *shape = file_shape_guess(beginning);
    const struct map_ops *map = shape != NULL ? map_of(shape) : NULL;
    if (map == NULL || map == chosen)
        return false;
    add_options(shape, map, options);
    return true;
}
