#include "connectors/auth.h"

#include <stdlib.h>

#include "connectors/b2chat_auth.h"
#include "connectors/mailgun_auth.h"
#include "connectors/meta_auth.h"
#include "connectors/postmark_auth.h"
#include "connectors/secret_auth.h"
#include "connectors/sendgrid_auth.h"
#include "connectors/ses_auth.h"
#include "connectors/svix_auth.h"
#include "lib/clock.h"

#define SECONDS_MOST_DIGITS 12

static const struct auth_channel *const channels[] = {
    &meta_auth,     &telegram_auth, &webchat_auth, &canonical_auth, &b2chat_auth,
    &postmark_auth, &sendgrid_auth, &mailgun_auth, &resend_auth,    &ses_auth};

static bool fits(const struct auth_channel *row, const char *channel, const char *provider)
{
    return strcmp(row->channel, channel) == 0 &&
           (row->provider == NULL || (provider != NULL && strcmp(row->provider, provider) == 0));
}

const struct auth_channel *auth_channel_find(const char *channel, const char *provider)
{
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        if (fits(channels[i], channel, provider))
            return channels[i];
    return NULL;
}

struct str auth_header(const struct auth_source *source, const char *name)
{
    struct auth_value found = source->header(source->context, name);
    return found.count == 1 ? found.value : STR_NULL;
}

bool auth_is_recent(struct str seconds, int64_t now_us, int64_t most_s)
{
    int64_t at = 0;
    if (seconds.n == 0 || seconds.n > SECONDS_MOST_DIGITS)
        return false;
    for (size_t i = 0; i < seconds.n; i++) {
        if (seconds.p[i] < '0' || seconds.p[i] > '9')
            return false;
        at = at * 10 + (seconds.p[i] - '0');
    }
    return llabs(at - now_us / US_PER_SECOND) <= most_s;
}
