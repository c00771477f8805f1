#include "cli/shapes.h"

#include "transform/channels.h"
#include "transform/text.h"
#include "transform/whatsapp/export_scan.h"

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

struct mark {
    const char *text; /* somewhere at the beginning of the document */
    const char *channel, *provider, *format;
    const char *options;
};

static const struct mark marks[] = {
    {"sluice.record/1", "canonical", NULL, NULL, "--channel canonical"},
    {"\"whatsapp_business_account\"", "whatsapp", NULL, "webhook", "--channel whatsapp"},
    {"\"update_id\"", "telegram", NULL, NULL, "--channel telegram"},
    {"\"type\": \"personal_chat\"", "telegram", NULL, "export",
     "--channel telegram --format export"},
    {"\"type\": \"private_group\"", "telegram", NULL, "export",
     "--channel telegram --format export"},
    {"\"type\": \"private_supergroup\"", "telegram", NULL, "export",
     "--channel telegram --format export"},
    {"\"about\": \"Here is the data you requested", "telegram", NULL, "export",
     "--channel telegram --format export"},
    {"\nReceived:", "email", "mime", NULL, "--channel email"},
    {"\nMessage-ID:", "email", "mime", NULL, "--channel email"},
    {"\nSubject:", "email", "mime", NULL, "--channel email"},
};

static bool is_chat(struct str text)
{
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        struct str line = {text.p, end != NULL ? (size_t)(end - text.p) : text.n};
        struct wa_header header;
        if (text_is_clean(line) && wa_header_scan(line, &header) == WA_SCAN_HEADER)
            return true;
        text.p += line.n + (end != NULL);
        text.n -= line.n + (end != NULL);
    }
    return false;
}

static bool is_same(const char *guessed, const char *word)
{
    return guessed == NULL || strcmp(guessed, word) == 0;
}

const char *shapes_guess(struct str beginning, struct str channel, const struct map_ops *map)
{
    static const struct mark chat = {NULL, "whatsapp", NULL, "export",
                                     "--channel whatsapp --format export"};
    static const struct mark mbox = {NULL, "email", "mime", "mbox",
                                     "--channel email --format mbox"};
    const struct mark *found = str_starts_with(beginning, "From ") ? &mbox : NULL;
    if (found == NULL && is_chat(beginning))
        found = &chat;
    for (size_t i = 0; found == NULL && i < sizeof marks / sizeof *marks; i++)
        if (memmem(beginning.p, beginning.n, marks[i].text, strlen(marks[i].text)) != NULL)
            found = &marks[i];
    if (found == NULL || channel_find(str_of(found->channel)) == NULL)
        return NULL;
    bool is_chosen = str_is(channel, found->channel) && is_same(found->provider, map->provider) &&
                     is_same(found->format, map->format);
    return is_chosen ? NULL : found->options;
}
