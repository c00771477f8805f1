#include "transform/email/mime_emit.h"

#include "lib/clock.h"
#include "transform/email/mime.h"
#include "transform/email/words.h"

#define GMAIL_LABELS "X-Gmail-Labels"
#define DAY_US (INT64_C(86400) * US_PER_SECOND)
#define YEAR_1990_US (INT64_C(631152000) * US_PER_SECOND)

enum rc mime_reject(struct map_out *out, const struct mime_place *place, enum reject_code code,
                    const char *detail, struct err *err)
{
    const struct reject reject = {code, str_of(place->path), place->offset, str_of(detail)};
    return map_out_reject(out, &reject, err);
}

/* ---- labels of Gmail's export ---- */

/* The next label of "Inbox,\"a, b\",Sent", without its quotes. */
static struct str take_label(struct str *rest)
{
    bool is_quoted = false;
    size_t n = 0;
    while (n < rest->n && (is_quoted || rest->p[n] != ','))
        is_quoted ^= rest->p[n++] == '"';
    struct str label = words_trim((struct str){rest->p, n});
    size_t past = n + (n < rest->n);
    *rest = (struct str){rest->p + past, rest->n - past};
    if (label.n >= 2 && label.p[0] == '"' && label.p[label.n - 1] == '"')
        label = (struct str){label.p + 1, label.n - 2};
    return label;
}

/* Gmail writes its own labels in the language of the account. */
static bool is_sent_label(struct str label)
{
    static const char *const words[] = {"Sent",     "Enviados",         "E-mails enviados",
                                        "Gesendet", "Messages envoyés", "Posta inviata",
                                        "Inviati",  "Verzonden",        "Enviats"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words_same(label, words[i]))
            return true;
    return false;
}

/* false: the arena's cap. */
static bool read_labels(struct arena *arena, struct mail *mail)
{
    struct str rest = mail_header_text(mail, GMAIL_LABELS);
    size_t most = 1;
    for (size_t i = 0; i < rest.n; i++)
        most += rest.p[i] == ',';
    struct str *tags = rest.n > 0 ? arena_alloc(arena, most * sizeof *tags) : NULL;
    if (rest.n > 0 && tags == NULL)
        return false;
    while (rest.n > 0) {
        struct str label = take_label(&rest);
        if (label.n == 0)
            continue;
        tags[mail->tag_count++] = label;
        mail->is_sent |= is_sent_label(label);
    }
    mail->tags = tags;
    return true;
}

/* ---- a mail ---- */

/* The From_ line tells when the mail came, where nothing better does and where that can be. */
static int64_t received_at(const struct map_out *out, const struct mail *mail,
                           const struct mime_place *place)
{
    bool is_plausible =
        place->from_at >= YEAR_1990_US && place->from_at <= out->document.observed_at + DAY_US;
    bool is_told = mail_header_find(mail, "Received") != NULL;
    return is_plausible && !is_told ? place->from_at : TIME_NONE;
}

enum rc mime_emit(struct map_out *out, struct email_emitter *emitter, struct str raw,
                  const struct mime_place *place, struct err *err)
{
    struct mail mail;
    struct err why = {.msg = ""};
    if (email_mime_read(raw, out->arena, &mail, &why) != RC_OK)
        return mime_reject(out, place, (enum reject_code)why.code, why.msg, err);
    if (!read_labels(out->arena, &mail))
        return mime_reject(out, place, REJECT_TOO_LARGE, "the mail has more labels than a mail may",
                           err);
    mail.path = place->path;
    mail.offset = place->offset;
    mail.received_at = received_at(out, &mail, place);
    return email_emit(emitter, &mail, err);
}
