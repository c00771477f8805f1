#include "connectors/file_shape.h"

#include <strings.h>

#include "transform/text.h"
#include "transform/whatsapp/export_scan.h"

#define BOM "\xef\xbb\xbf"

/* ---- what there is ---- */

static const struct file_shape chat = {"whatsapp", "whatsapp_cloud", "export",
                                       "a chat exported by the WhatsApp app", NULL};
static const struct file_shape meta_webhook = {"whatsapp", "whatsapp_cloud", "webhook",
                                               "a webhook body of the WhatsApp Cloud API", NULL};
static const struct file_shape telegram_export = {"telegram", "telegram_bot", "export",
                                                  "an export of Telegram Desktop", NULL};
static const struct file_shape telegram_update = {"telegram", "telegram_bot", "webhook",
                                                  "an update of the Telegram Bot API", NULL};
static const struct file_shape telegram_poll = {"telegram", "telegram_bot", "poll",
                                                "an answer of Telegram's getUpdates", NULL};
static const struct file_shape mbox = {"email", "mime", "mbox", "an mbox file", NULL};
static const struct file_shape mail = {"email", "mime", "message", "a mail", NULL};
static const struct file_shape b2chat_page = {"b2chat", "b2chat", "export",
                                              "a reply of B2Chat's API", NULL};
static const struct file_shape b2chat_webhook = {"b2chat", "b2chat", "webhook",
                                                 "a webhook body of B2Chat", NULL};
static const struct file_shape b2chat_csv = {"b2chat", "b2chat", "csv",
                                             "an audit export of B2Chat's console", NULL};
static const struct file_shape visit = {"webchat", "custom", "webhook", "messages of a chat widget",
                                        NULL};
static const struct file_shape canonical = {"canonical", "custom", "lines", "canonical records",
                                            NULL};
static const struct file_shape html = {
    NULL, NULL, NULL, "an HTML page",
    "export the chat again in the machine-readable form (JSON), or save what the page is about"};
static const struct file_shape pdf = {NULL, NULL, NULL, "a PDF file",
                                      "export the data as text, JSON, CSV or mail"};
static const struct file_shape sheet = {NULL, NULL, NULL, "a spreadsheet", "save it as CSV first"};

/* A member of a JSON object somewhere at the beginning, and how its value begins. */
static const struct {
    const char *member, *value;
    const struct file_shape *shape;
} members[] = {
    {"schema", "\"sluice.record/1\"", &canonical},
    {"object", "\"whatsapp_business_account\"", &meta_webhook},
    {"update_id", "", &telegram_update},
    {"type", "\"personal_chat\"", &telegram_export},
    {"type", "\"bot_chat\"", &telegram_export},
    {"type", "\"private_group\"", &telegram_export},
    {"type", "\"private_supergroup\"", &telegram_export},
    {"type", "\"public_supergroup\"", &telegram_export},
    {"type", "\"private_channel\"", &telegram_export},
    {"type", "\"public_channel\"", &telegram_export},
    {"type", "\"saved_messages\"", &telegram_export},
    {"about", "\"Here is the data you requested", &telegram_export},
    {"event_id", "\"", &b2chat_webhook},
    {"chats", "[", &b2chat_page},
    {"contacts", "[", &b2chat_page},
    {"is_agent_available", "", &b2chat_page},
    {"picked_up_at", "", &b2chat_page},
    {"visitor", "{", &visit},
    {"kind", "\"", &canonical},
};

/* How a header line of a mail may begin; one alone might be a text. */
static const char *const header_names[] = {"Received:",
                                           "Return-Path:",
                                           "Delivered-To:",
                                           "Message-ID:",
                                           "MIME-Version:",
                                           "From:",
                                           "To:",
                                           "Date:",
                                           "Subject:",
                                           "X-Gmail-Labels:",
                                           "Content-Type:",
                                           "DKIM-Signature:",
                                           "X-GM-THRID:",
                                           "Reply-To:",
                                           "Cc:"};
#define MAIL_HEADERS_LEAST 2

static const struct {
    const char *beginning;
    const struct file_shape *shape;
} beginnings[] = {
    {"From ", &mbox},
    {"%PDF-", &pdf},
    {"<!DOCTYPE html", &html},
    {"<html", &html},
    {"<?xml", &html},
    {"Chat ID,", &b2chat_csv},
    {"\"Chat ID\",", &b2chat_csv},
    {"Chat ID;", &b2chat_csv},
    {"PK\x03\x04", &sheet},
};

/* ---- looking ---- */

static struct str take_line(struct str *text)
{
    const char *end = memchr(text->p, '\n', text->n);
    struct str line = {text->p, end != NULL ? (size_t)(end - text->p) : text->n};
    size_t past = line.n + (end != NULL);
    *text = (struct str){text->p + past, text->n - past};
    return line;
}

static bool begins(struct str text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && strncasecmp(text.p, with, n) == 0;
}

static bool is_chat(struct str text)
{
    while (text.n > 0) {
        struct str line = take_line(&text);
        struct wa_header header;
        if (text_is_clean(line) && wa_header_scan(line, &header) == WA_SCAN_HEADER)
            return true;
    }
    return false;
}

static bool is_header(struct str line)
{
    for (size_t i = 0; i < sizeof header_names / sizeof *header_names; i++)
        if (begins(line, header_names[i]))
            return true;
    return false;
}

static bool is_mail(struct str text)
{
    size_t headers = 0;
    while (text.n > 0 && headers < MAIL_HEADERS_LEAST) {
        struct str line = take_line(&text);
        if (line.n <= 1)
            break;
        headers += is_header(line);
    }
    return headers >= MAIL_HEADERS_LEAST;
}

static struct str skip_blanks(struct str text)
{
    while (text.n > 0 && memchr(" \t\r\n", text.p[0], 4) != NULL)
        text = (struct str){text.p + 1, text.n - 1};
    return text;
}

static bool has_member(struct str text, const char *member, const char *value)
{
    size_t n = strlen(member);
    for (const char *at; (at = memmem(text.p, text.n, member, n)) != NULL;) {
        bool is_quoted = at > text.p && at[-1] == '"' && at + n < text.p + text.n && at[n] == '"';
        struct str rest = {at + n + is_quoted, text.n - (size_t)(at + n + is_quoted - text.p)};
        struct str after = skip_blanks(rest);
        if (is_quoted && after.n > 0 && after.p[0] == ':' &&
            str_starts_with(skip_blanks((struct str){after.p + 1, after.n - 1}), value))
            return true;
        text = rest;
    }
    return false;
}

static const struct file_shape *guess_json(struct str text)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (has_member(text, members[i].member, members[i].value)) {
            bool is_page = text.p[0] == '[' || has_member(text, "result", "[");
            bool is_update = members[i].shape == &telegram_update;
            return is_update && is_page ? &telegram_poll : members[i].shape;
        }
    return NULL;
}

const struct file_shape *file_shape_guess(struct str beginning)
{
    if (beginning.n > FILE_SHAPE_BYTES)
        beginning.n = FILE_SHAPE_BYTES;
    if (str_starts_with(beginning, BOM))
        beginning = (struct str){beginning.p + sizeof BOM - 1, beginning.n - (sizeof BOM - 1)};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (begins(beginning, beginnings[i].beginning))
            return beginnings[i].shape;
    struct str text = skip_blanks(beginning);
    const struct file_shape *shape = NULL;
    if (text.n > 0 && (text.p[0] == '{' || text.p[0] == '['))
        shape = guess_json(text);
    if (shape == NULL && is_chat(beginning))
        shape = &chat;
    return shape == NULL && is_mail(beginning) ? &mail : shape;
}

bool file_shape_is_lines(struct str name)
{
    static const char *const endings[] = {".jsonl", ".ndjson"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (name.n > n && memcmp(name.p + name.n - n, endings[i], n) == 0)
            return true;
    }
    return false;
}
