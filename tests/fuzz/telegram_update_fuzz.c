/* libFuzzer target: updates and captured calls of the Bot API; every input is read as both.
 *
 * Build:  clang -fsanitize=fuzzer,address,undefined; corpus: connectors/samples/telegram/update,
 *         poll, sent */
#include "tests/fuzz/map_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct str own[] = {{"5998877665", 10}};
static const struct channel_settings settings = {.own = own, .own_count = 1};

#define SHAPES 2

struct target {
    struct channel_account account;
    struct normalizer_conf confs[SHAPES];
    struct map_fuzz shapes[SHAPES];
};

static void start(struct target *target)
{
    static const char *const formats[SHAPES] = {"webhook", "sent"};
    const struct uuid tenant_id = ids_tenant(STR_LIT("acme"));
    target->account = (struct channel_account){.account = STR_LIT("7012345678"),
                                               .provider = STR_LIT("telegram_bot"),
                                               .settings = &settings};
    target->account.channel_id =
        ids_channel(&tenant_id, target->account.provider, target->account.account);
    for (size_t i = 0; i < SHAPES; i++) {
        target->confs[i] = (struct normalizer_conf){.channel = STR_LIT("telegram"),
                                                    .format = str_of(formats[i]),
                                                    .tenant = STR_LIT("acme"),
                                                    .tenant_id = tenant_id,
                                                    .accounts = &target->account,
                                                    .account_count = 1};
        map_fuzz_start(&target->shapes[i], &target->confs[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct target target;
    if (target.shapes[0].normalizer == NULL)
        start(&target);
    for (size_t i = 0; i < SHAPES; i++)
        map_fuzz_input(&target.shapes[i], bytes, n);
    return 0;
}
