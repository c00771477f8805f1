#include "connectors/connector.h"

#include <stdlib.h>

#include "lib/arena.h"

bool connector_is_named(const struct connector *connector, const char *word)
{
    size_t n = strlen(connector->tenant);
    return strcmp(connector->name, word) == 0 ||
           (strncmp(connector->tenant, word, n) == 0 && word[n] == '/' &&
            strcmp(connector->name, word + n + 1) == 0);
}

bool connector_takes_any_account(const struct connector *connector)
{
    return strcmp(connector->channel, "canonical") == 0;
}

static struct channel_account account_of(const struct connector *connector)
{
    return (struct channel_account){str_of(connector->account), str_of(connector->provider),
                                    connector->channel_id, &connector->settings};
}

size_t connector_accounts(const struct connector *connector, const struct connector *all,
                          size_t count, struct channel_account **accounts_out)
{
    struct channel_account *accounts = xcalloc(count + 1, sizeof *accounts);
    size_t n = 0;
    accounts[n++] = account_of(connector);
    for (size_t i = 0; i < count; i++)
        if (&all[i] != connector && strcmp(all[i].tenant, connector->tenant) == 0 &&
            strcmp(all[i].channel, connector->channel) == 0)
            accounts[n++] = account_of(&all[i]);
    *accounts_out = accounts;
    return n;
}

void connector_envelope(const struct connector *connector, struct envelope *envelope_out)
{
    envelope_init(envelope_out, connector->tenant, &connector->tenant_id, connector->name,
                  &connector->channel_id);
}
