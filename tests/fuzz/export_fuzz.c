/* libFuzzer target: chats that WhatsApp's phone app exported, and send requests with their
 * responses. Every input is read as both.
 *
 * Build:  clang -fsanitize=fuzzer,address,undefined; corpus: connectors/samples/whatsapp/export,
 *         export-clocks, export-group, sent */
#include "tests/fuzz/map_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct str own[] = {{"Tienda Sol", 10}, {"+57 601 555 0142", 16}};
static const struct channel_settings settings = {
    .timezone = {"America/New_York", 16}, .own = own, .own_count = 2};

struct target {
    struct channel_account account;
    struct normalizer_conf conf;
    struct map_fuzz fuzz;
};

static void start(struct target *target, struct str format)
{
    const struct uuid tenant_id = ids_tenant(STR_LIT("acme"));
    target->account = (struct channel_account){.account = STR_LIT("106540352242922"),
                                               .provider = STR_LIT("whatsapp_cloud"),
                                               .settings = &settings};
    target->account.channel_id =
        ids_channel(&tenant_id, target->account.provider, target->account.account);
    target->conf = (struct normalizer_conf){.channel = STR_LIT("whatsapp"),
                                            .format = format,
                                            .tenant = STR_LIT("acme"),
                                            .tenant_id = tenant_id,
                                            .accounts = &target->account,
                                            .account_count = 1,
                                            .any_account = true};
    map_fuzz_start(&target->fuzz, &target->conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct target export, sent;
    if (export.fuzz.normalizer == NULL) {
        start(&export, STR_LIT("export"));
        start(&sent, STR_LIT("sent"));
    }
    map_fuzz_input(&export.fuzz, bytes, n);
    map_fuzz_input(&sent.fuzz, bytes, n);
    return 0;
}
