#include "connectors/auth.h"

#include "connectors/meta_auth.h"
#include "connectors/secret_auth.h"

static const struct auth_channel *const channels[] = {&meta_auth, &telegram_auth, &webchat_auth,
                                                      &canonical_auth};

const struct auth_channel *auth_channel_find(const char *channel)
{
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        if (strcmp(channels[i]->channel, channel) == 0)
            return channels[i];
    return NULL;
}
