#include "lib/uuid.h"

#include "lib/hex.h"

void uuid_format(const struct uuid *id, char text[static UUID_TEXT_BYTES])
{
    char *to = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        to = hex_put(to, id->b[i]);
    }
    *to = '\0';
}

bool uuid_from_text(struct str text, struct uuid *id_out)
{
    if (text.p == NULL || text.n != UUID_TEXT_BYTES - 1)
        return false;
    const char *from = text.p;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *from++ != '-')
            return false;
        if (!hex_take(from, &id_out->b[i]))
            return false;
        from += 2;
    }
    return true;
}
