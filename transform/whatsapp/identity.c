#include "transform/whatsapp/identity.h"

#include <ctype.h>
#include <openssl/evp.h>

#define BSUID_MOST 128
#define NUMBER_LEAST 5
#define NUMBER_MOST 20
#define PHONE_LEAST 8
#define PHONE_MOST 15
#define WAMID_PREFIX "wamid."
#define WAMID_HEAD_BASE64 184 /* enough for the longest BSUID */
#define WAMID_NAME_AT 3
#define NUMBER_DECORATION "+ -()."

enum identifier { NO_IDENTIFIER, BSUID, PARENT_BSUID, NUMBER };

static bool is_alnum(char c)
{
    return isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

static bool all_alnum(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!is_alnum(text.p[i]))
            return false;
    return text.n >= 1 && text.n <= BSUID_MOST;
}

static enum identifier classify_bsuid(struct str text)
{
    if (text.n < 4 || text.p[2] != '.' || text.p[0] < 'A' || text.p[0] > 'Z' || text.p[1] < 'A' ||
        text.p[1] > 'Z')
        return NO_IDENTIFIER;
    struct str rest = {text.p + 3, text.n - 3};
    if (str_starts_with(rest, "ENT.") && all_alnum((struct str){rest.p + 4, rest.n - 4}))
        return PARENT_BSUID;
    return all_alnum(rest) ? BSUID : NO_IDENTIFIER;
}

/* Digits without decoration, into "digits"; 0: not a number. */
static size_t take_digits(struct str text, char digits[static NUMBER_MOST])
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c >= '0' && c <= '9') {
            if (n == NUMBER_MOST)
                return 0;
            digits[n++] = c;
        } else if (c == '\0' || strchr(NUMBER_DECORATION, c) == NULL) {
            return 0;
        }
    }
    return n >= NUMBER_LEAST ? n : 0;
}

bool wa_party_add(struct wa_party *party, struct arena *arena, struct str text)
{
    if (str_is_null(text))
        return true;
    enum identifier kind = classify_bsuid(text);
    if (kind != NO_IDENTIFIER) {
        struct str *slot = kind == BSUID ? &party->bsuid : &party->parent;
        if (str_is_null(*slot))
            *slot = text;
        return true;
    }
    char digits[NUMBER_MOST];
    size_t n = take_digits(text, digits);
    if (n == 0 || !str_is_null(party->wa_id))
        return true;
    party->wa_id = arena_str(arena, (struct str){digits, n});
    party->wa_id_raw = text;
    return !str_is_null(party->wa_id);
}

struct str wa_number_digits(struct str text, char digits[static WA_NUMBER_MOST])
{
    size_t n = take_digits(text, digits);
    return n > 0 ? (struct str){digits, n} : STR_NULL;
}

bool wa_party_add_wamid(struct wa_party *party, struct arena *arena, struct str wamid)
{
    if (!str_starts_with(wamid, WAMID_PREFIX))
        return true;
    struct str code = {wamid.p + strlen(WAMID_PREFIX), wamid.n - strlen(WAMID_PREFIX)};
    size_t n = code.n < WAMID_HEAD_BASE64 ? code.n : WAMID_HEAD_BASE64;
    unsigned char head[WAMID_HEAD_BASE64];
    int bytes = EVP_DecodeBlock(head, (const unsigned char *)code.p, (int)(n - n % 4));
    if (bytes < WAMID_NAME_AT || head[0] != 0x1c || head[1] != 0x18 ||
        WAMID_NAME_AT + head[2] > bytes)
        return true;
    struct str name = {(const char *)head + WAMID_NAME_AT, head[2]};
    struct str kept = arena_str(arena, name);
    return !str_is_null(kept) && wa_party_add(party, arena, kept);
}

void wa_party_merge(struct wa_party *party, const struct wa_party *other)
{
    if (str_is_null(party->bsuid))
        party->bsuid = other->bsuid;
    if (str_is_null(party->parent))
        party->parent = other->parent;
    if (str_is_null(party->wa_id)) {
        party->wa_id = other->wa_id;
        party->wa_id_raw = other->wa_id_raw;
    }
    if (!str_is_null(party->other))
        return;
    bool is_news = !str_is_null(other->wa_id) && !str_equal(other->wa_id, party->wa_id);
    party->other = is_news ? other->wa_id : other->other;
    party->other_raw = is_news ? other->wa_id_raw : other->other_raw;
}

struct str wa_party_key(const struct wa_party *party)
{
    return !str_is_null(party->bsuid) ? party->bsuid : party->wa_id;
}

/* One spelling of numbers that WhatsApp writes in two: Brazil's ninth digit, Mexico's 1 after 52,
 * Argentina's 9 after 54. */
static size_t one_spelling(struct str wa_id, char digits[static WA_NUMBER_MOST])
{
    _Static_assert(WA_NUMBER_MOST > NUMBER_MOST, "one digit more may be needed");
    size_t n = wa_id.n;
    memcpy(digits, wa_id.p, n);
    bool drop =
        (n == 13 && memcmp(digits, "521", 3) == 0) || (n == 13 && memcmp(digits, "549", 3) == 0);
    if (drop) {
        memmove(digits + 2, digits + 3, n - 3);
        return n - 1;
    }
    if (n == 12 && memcmp(digits, "55", 2) == 0 && digits[4] >= '6') {
        memmove(digits + 5, digits + 4, n - 4);
        digits[4] = '9';
        return n + 1;
    }
    return n;
}

struct str wa_party_number(const struct wa_party *party, char digits[static WA_NUMBER_MOST])
{
    if (str_is_null(party->wa_id))
        return STR_NULL;
    return (struct str){digits, one_spelling(party->wa_id, digits)};
}

static bool same_number(struct str a, struct str b)
{
    if (str_is_null(a) || str_is_null(b))
        return false;
    char one[WA_NUMBER_MOST];
    char two[WA_NUMBER_MOST];
    size_t n = one_spelling(a, one);
    return n == one_spelling(b, two) && memcmp(one, two, n) == 0;
}

bool wa_party_same(const struct wa_party *a, const struct wa_party *b)
{
    if (!str_is_null(a->bsuid) && !str_is_null(b->bsuid))
        return str_equal(a->bsuid, b->bsuid);
    return same_number(a->wa_id, b->wa_id);
}

bool wa_party_compatible(const struct wa_party *a, const struct wa_party *b)
{
    bool bsuids = !str_is_null(a->bsuid) && !str_is_null(b->bsuid);
    bool numbers = !str_is_null(a->wa_id) && !str_is_null(b->wa_id);
    return (!bsuids || str_equal(a->bsuid, b->bsuid)) &&
           (!numbers || same_number(a->wa_id, b->wa_id));
}

struct str wa_party_phone(const struct wa_party *party, struct arena *arena)
{
    if (str_is_null(party->wa_id) || party->wa_id.n < PHONE_LEAST || party->wa_id.n > PHONE_MOST)
        return STR_NULL;
    const struct str parts[] = {STR_LIT("+"), party->wa_id};
    return arena_join(arena, parts, sizeof parts / sizeof parts[0]);
}
