#include "transform/b2chat/words.h"

#include <ctype.h>
#include <strings.h>

#include "transform/b2chat/values.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct b2_status statuses[] = {
    {"BOT_CHATTING", "bot_active", "none"},
    {"OPENED", "queued", "none"},
    {"PENDING", "queued", "none"}, /* legacy */
    {"PICKED_UP", "open", "none"},
    {"OPEN", "open", "none"}, /* legacy */
    {"RESPONDED_BY_AGENT", "open", "none"},
    {"CLOSED", "resolved", "none"},
    {"FINISHED", "resolved", "none"}, /* legacy */
    {"CLOSED_BY_CONTACT", "resolved", "none"},
    {"LEFT_BY_CONTACT", "abandoned", "none"},
    {"COMPLETING_POLL", "resolved", "requested"},
    {"COMPLETED_POLL", "resolved", "completed"},
    {"ABANDONED_POLL", "resolved", "abandoned"},
};

static char status_letter(char c)
{
    return c == ' ' || c == '-' ? '_' : (char)toupper((unsigned char)c);
}

static bool is_status(struct str text, const char *word)
{
    if (text.n != strlen(word))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (status_letter(text.p[i]) != word[i])
            return false;
    return true;
}

const struct b2_status *b2_status_find(struct str word)
{
    word = b2_text(word);
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (is_status(word, statuses[i].word))
            return &statuses[i];
    return NULL;
}

/* By prefix, so that a trailing B2CHAT, 360, BM or OFF makes no difference. */
const char *b2_medium(struct str provider)
{
    static const struct {
        const char *prefix;
        const char *medium;
    } media[] = {{"WHATSAPP", "whatsapp"}, {"FACEBOOK", "facebook"}, {"INSTAGRAM", "instagram"},
                 {"TELEGRAM", "telegram"}, {"LIVECHAT", "livechat"}, {"B2CBOTAPI", "bot_api"}};
    provider = b2_text(provider);
    for (size_t i = 0; i < COUNT(media); i++) {
        size_t n = strlen(media[i].prefix);
        if (provider.n >= n && strncasecmp(provider.p, media[i].prefix, n) == 0)
            return media[i].medium;
    }
    return "other";
}

static const struct b2_type types[] = {
    {"TEXT", "text", NULL, NULL},
    {"IMAGE", "image", NULL, "image"},
    {"FILE", "document", "file", "document"},
    {"DOCUMENT", "document", NULL, "document"},
    {"AUDIO", "audio", NULL, "audio"},
    {"VOICE", "audio", "voice", "audio"},
    {"VIDEO", "video", NULL, "video"},
    {"STICKER", "sticker", NULL, "sticker"},
    {"LOCATION", "location", NULL, NULL},
    {"CONTACT", "contact", NULL, NULL},
};

static const struct b2_type other_type = {NULL, "unsupported", NULL, NULL};

const struct b2_type *b2_type_find(struct str word)
{
    word = b2_text(word);
    for (size_t i = 0; i < COUNT(types); i++)
        if (b2_same_word(word, str_of(types[i].word)))
            return &types[i];
    return &other_type;
}

bool b2_type_is_text(const struct b2_type *type)
{
    return type == &types[0];
}

static const struct b2_extension extensions[] = {
    {"jpg", "image/jpeg", "image"},
    {"jpeg", "image/jpeg", "image"},
    {"png", "image/png", "image"},
    {"gif", "image/gif", "image"},
    {"webp", "image/webp", "image"},
    {"mp3", "audio/mpeg", "audio"},
    {"ogg", "audio/ogg", "audio"},
    {"oga", "audio/ogg", "audio"},
    {"opus", "audio/ogg", "audio"},
    {"m4a", "audio/mp4", "audio"},
    {"aac", "audio/aac", "audio"},
    {"amr", "audio/amr", "audio"},
    {"wav", "audio/wav", "audio"},
    {"mp4", "video/mp4", "video"},
    {"3gp", "video/3gpp", "video"},
    {"mov", "video/quicktime", "video"},
    {"webm", "video/webm", "video"},
    {"pdf", "application/pdf", "document"},
    {"txt", "text/plain", "document"},
    {"csv", "text/csv", "document"},
    {"doc", "application/msword", "document"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document"},
    {"xls", "application/vnd.ms-excel", "document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document"},
    {"ppt", "application/vnd.ms-powerpoint", "document"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
     "document"},
    {"zip", "application/zip", "document"},
    {"vcf", "text/vcard", "document"},
};

const struct b2_extension *b2_extension_find(struct str filename)
{
    const char *dot = filename.n > 0 ? memrchr(filename.p, '.', filename.n) : NULL;
    if (dot == NULL)
        return NULL;
    struct str extension = {dot + 1, filename.n - (size_t)(dot + 1 - filename.p)};
    for (size_t i = 0; i < COUNT(extensions); i++)
        if (b2_same_word(extension, str_of(extensions[i].extension)))
            return &extensions[i];
    return NULL;
}
