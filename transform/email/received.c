#include "transform/email/received.h"

#include "lib/clock.h"
#include "transform/email/mime.h"

#define MINUTE_US (60 * US_PER_SECOND)
#define DAY_US (24 * 60 * MINUTE_US)
#define EARLY_MOST_US (7 * DAY_US)
#define LATE_MOST_US (10 * MINUTE_US)
#define YEAR_1990_US (INT64_C(631152000) * US_PER_SECOND)

static bool is_plausible(int64_t us, const struct document *document)
{
    return us >= YEAR_1990_US && us <= document->observed_at + DAY_US;
}

/* The time behind the last ";" of the topmost Received. */
static int64_t last_hop(const struct mail *mail)
{
    struct str value = mail_header_text(mail, "Received");
    const char *semicolon = value.n > 0 ? memrchr(value.p, ';', value.n) : NULL;
    if (semicolon == NULL)
        return TIME_NONE;
    struct str text = {semicolon + 1, value.n - (size_t)(semicolon + 1 - value.p)};
    int64_t us = TIME_NONE;
    return email_date(text, &us) ? us : TIME_NONE;
}

static int64_t received_at(const struct mail *mail, const struct document *document)
{
    if (mail->received_at != TIME_NONE)
        return mail->received_at;
    if (document->received_at != TIME_NONE)
        return document->received_at;
    int64_t hop = last_hop(mail);
    return hop != TIME_NONE && is_plausible(hop, document) ? hop : TIME_NONE;
}

int64_t mail_sent_at(const struct mail *mail, const struct document *document)
{
    int64_t date = TIME_NONE;
    bool has_date = !str_is_null(mail->date) && email_date(mail->date, &date);
    int64_t received = received_at(mail, document);
    if (received == TIME_NONE)
        return has_date && is_plausible(date, document) ? date : document->observed_at;
    bool fits = has_date && date >= received - EARLY_MOST_US && date <= received + LATE_MOST_US;
    return fits ? date : received;
}
