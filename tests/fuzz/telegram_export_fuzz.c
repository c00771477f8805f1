/* libFuzzer target: exports of Telegram Desktop.
 *
 * Build:  clang -fsanitize=fuzzer,address,undefined; corpus: connectors/samples/telegram/export,
 *         export_local */
#include "tests/fuzz/map_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct str own[] = {{"5998877665", 10}};
static const struct channel_settings settings = {
    .timezone = {"America/Mexico_City", 19}, .own = own, .own_count = 1};

struct target {
    struct channel_account account;
    struct normalizer_conf conf;
    struct map_fuzz fuzz;
};

static void start(struct target *target)
{
    const struct uuid tenant_id = ids_tenant(STR_LIT("acme"));
    target->account = (struct channel_account){.account = STR_LIT("7012345678"),
                                               .provider = STR_LIT("telegram_bot"),
                                               .settings = &settings};
    target->account.channel_id =
        ids_channel(&tenant_id, target->account.provider, target->account.account);
    target->conf = (struct normalizer_conf){.channel = STR_LIT("telegram"),
                                            .format = STR_LIT("export"),
                                            .tenant = STR_LIT("acme"),
                                            .tenant_id = tenant_id,
                                            .accounts = &target->account,
                                            .account_count = 1};
    map_fuzz_start(&target->fuzz, &target->conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct target target;
    if (target.fuzz.normalizer == NULL)
        start(&target);
    map_fuzz_input(&target.fuzz, bytes, n);
    return 0;
}
