#include "pipelines/pipeline_account.h"

#include "pipelines/pipeline_mail.h"
#include "transform/channels.h"

bool pipeline_is_mode(const struct file_connector *connector, const char *mode)
{
    return connector->mode != NULL && strcmp(connector->mode, mode) == 0;
}

/* The shape of what the connector gets; how it comes is the mode. */
const char *pipeline_account_provider(const struct file_connector *connector)
{
    const struct channel *channel =
        connector->channel != NULL ? channel_find(str_of(connector->channel)) : NULL;
    struct str provider =
        pipeline_is_mailbox(connector) ? STR_LIT("mime") : str_of(connector->provider);
    const struct map_ops *map = channel != NULL ? channel_map(channel, provider, STR_NULL) : NULL;
    return map != NULL ? map->account_provider : NULL;
}

/* A bot's token begins with the number of its account. */
struct str pipeline_account(const struct file_connector *connector)
{
    if (connector->account != NULL || connector->token == NULL)
        return str_of(connector->account);
    return (struct str){connector->token, strcspn(connector->token, ":")};
}
