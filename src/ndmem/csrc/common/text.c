#include "text.h"

#include <stdio.h>
#include <string.h>

static size_t encode(Py_UCS4 c, char out[8])
{
    if (c >= 0xDC80 && c <= 0xDCFF) {
        out[0] = (char)(c & 0xFF);
        return 1;
    }
    if (c >= 0xD800 && c <= 0xDFFF)
        return (size_t)snprintf(out, 8, "\\u%04x", (unsigned)c);
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t text_utf8(PyObject *text, char *room)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    size_t nbytes = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        char bytes[8];
        size_t count = encode(PyUnicode_READ(kind, data, i), bytes);
        if (room)
            memcpy(room + nbytes, bytes, count);
        nbytes += count;
    }
    return nbytes;
}
