/* libFuzzer target: what mail providers post, and pairs of requests and responses of their APIs;
 * every input is read as all of them.
 *
 * Build:  clang -fsanitize=fuzzer,address,undefined; corpus: connectors/samples/email/postmark,
 *         sendgrid, mailgun, resend, ses, sent-* */
#include "tests/fuzz/map_fuzz.h"

#define PROVIDERS 5
#define FORMATS 2
#define SHAPES (PROVIDERS * FORMATS)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct target {
    struct channel_account account;
    struct normalizer_conf confs[SHAPES];
    struct map_fuzz shapes[SHAPES];
};

static void start(struct target *target)
{
    static const char *const providers[PROVIDERS] = {"postmark", "sendgrid", "mailgun", "resend",
                                                     "ses"};
    static const char *const formats[FORMATS] = {"webhook", "sent"};
    const struct uuid tenant_id = ids_tenant(STR_LIT("acme"));
    target->account = (struct channel_account){.account = STR_LIT("soporte@example.org"),
                                               .provider = STR_LIT("email_webhook")};
    target->account.channel_id =
        ids_channel(&tenant_id, target->account.provider, target->account.account);
    for (size_t i = 0; i < SHAPES; i++) {
        target->confs[i] = (struct normalizer_conf){.channel = STR_LIT("email"),
                                                    .provider = str_of(providers[i / FORMATS]),
                                                    .format = str_of(formats[i % FORMATS]),
                                                    .tenant = STR_LIT("acme"),
                                                    .tenant_id = tenant_id,
                                                    .accounts = &target->account,
                                                    .account_count = 1,
                                                    .any_account = true};
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
