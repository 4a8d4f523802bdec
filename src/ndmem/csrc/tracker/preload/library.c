/* dladdr and dlsym take the loader's lock, which another thread holds while a library's constructor runs. glibc 2.35
 * and later have `_dl_find_object`, which takes none. Before that the system is asked: about 0.3 ms a mapping, which is
 * little beside filling it. */
#define _GNU_SOURCE /* link_map, syscall */
#include "tracker/preload/library.h"

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct dl_find_object of <dlfcn.h>, which older headers do not have. */
typedef struct {
    unsigned long long flags;
    void *start, *end;
    struct link_map *map;
    void *rest[16]; /* at least what the loader writes */
} Found;

static int (*find_object)(void *, Found *);
static char program[LIBRARY_NAME]; /* the loader has no name for it */

static void keep_file_name(const char *path, char name[LIBRARY_NAME])
{
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    size_t length = strnlen(file, LIBRARY_NAME - 1);
    memcpy(name, file, length);
    name[length] = 0;
}

void library_prepare(void *dl_find_object)
{
    *(void **)&find_object = dl_find_object;
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    keep_file_name(path, program);
}

/* --- The system's map of the process ---------------------------------------------------------------------- */

/* A line of it: "start-end rwxp offset device inode    path". */
typedef struct {
    uintptr_t start, end, inode;
    unsigned field;
    size_t length;
    char name[LIBRARY_NAME];
} Line;

static uintptr_t add_digit(uintptr_t number, char digit, unsigned base)
{
    return number * base + (uintptr_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void take_character(Line *line, char c)
{
    enum { START, END, ACCESS, OFFSET, DEVICE, INODE, PATH };
    if (line->field < PATH && (c == ' ' || (c == '-' && line->field == START)))
        line->field++;
    else if (line->field == START)
        line->start = add_digit(line->start, c, 16);
    else if (line->field == END)
        line->end = add_digit(line->end, c, 16);
    else if (line->field == INODE)
        line->inode = add_digit(line->inode, c, 10);
    else if (line->field == PATH && c == '/')
        line->length = 0;
    else if (line->field == PATH && (line->length || c != ' ') && line->length < LIBRARY_NAME - 1)
        line->name[line->length++] = c;
}

/* The lines of one library follow each other; a line without a file in between is its zeros. True at the line after. */
static bool is_past(const Line *line, uintptr_t address, uintptr_t *inode, bool *hit, Library *library)
{
    if (line->inode && line->inode == *inode) {
        library->end = (const char *)line->end;
    } else if (line->inode || *hit) {
        if (*hit)
            return true;
        *inode = line->inode;
        library->start = (const char *)line->start, library->end = (const char *)line->end;
        memcpy(library->name, line->name, line->length);
        library->name[line->length] = 0;
    }
    *hit |= line->inode && line->start <= address && address < line->end;
    return false;
}

bool library_find_mapped(const void *address, Library *library)
{
    /* No functions of the C library: open and read are points where a thread may be cancelled. */
    long file = syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    char text[1024];
    Line line = {0};
    uintptr_t inode = 0;
    bool hit = false, past = false;
    long got;
    while (!past && (got = syscall(SYS_read, file, text, sizeof text)) > 0)
        for (long i = 0; i < got && !past; i++) {
            if (text[i] != '\n') {
                take_character(&line, text[i]);
                continue;
            }
            past = is_past(&line, (uintptr_t)address, &inode, &hit, library);
            line = (Line){0};
        }
    syscall(SYS_close, file);
    return hit;
}

/* --- Asking ----------------------------------------------------------------------------------------------- */

bool library_find(const void *address, Library *library)
{
    Found found;
    if (find_object == NULL)
        return library_find_mapped(address, library);
    if (find_object((void *)(uintptr_t)address, &found) != 0)
        return false;
    /* The caller is in it, so it stays loaded, and its name with it. */
    library->start = found.start, library->end = found.end;
    if (found.map->l_name && *found.map->l_name)
        keep_file_name(found.map->l_name, library->name);
    else
        memcpy(library->name, program, sizeof program);
    return true;
}

void library_name(const void *address, char name[LIBRARY_NAME])
{
    Library library;
    bool found = library_find(address, &library);
    memcpy(name, found ? library.name : "", found ? LIBRARY_NAME : 1);
}

/* --- A function of a library, by its own table of symbols ------------------------------------------------- */

typedef struct {
    const ElfW(Sym) *symbols;
    const char *strings;
    const uint32_t *hash;
} Symbols;

static const void *place(const Library *library, ElfW(Addr) at)
{
    /* The loader has put addresses there on most processors, on others they are counted from the start. */
    return at >= (uintptr_t)library->start ? (const void *)at : library->start + at;
}

static Symbols read_symbols(const Library *library)
{
    Symbols found = {0};
    const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)library->start;
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0)
        return found;
    const ElfW(Phdr) *part = (const ElfW(Phdr) *)(library->start + head->e_phoff);
    for (unsigned i = 0; i < head->e_phnum; i++) {
        if (part[i].p_type != PT_DYNAMIC)
            continue;
        for (const ElfW(Dyn) *entry = place(library, part[i].p_vaddr); entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_SYMTAB)
                found.symbols = place(library, entry->d_un.d_ptr);
            else if (entry->d_tag == DT_STRTAB)
                found.strings = place(library, entry->d_un.d_ptr);
            else if (entry->d_tag == DT_GNU_HASH)
                found.hash = place(library, entry->d_un.d_ptr);
        }
    }
    return found;
}

void *library_function(const Library *library, const char *name)
{
    Symbols table = read_symbols(library);
    if (table.symbols == NULL || table.strings == NULL || table.hash == NULL)
        return NULL;
    uint32_t hash = 5381;
    for (const char *c = name; *c; c++)
        hash = 33 * hash + (unsigned char)*c;
    /* Counts of buckets, of symbols that are left out, of the filter's words; the filter; buckets; chains. */
    uint32_t buckets = table.hash[0], first = table.hash[1], words = table.hash[2];
    const uint32_t *bucket = table.hash + 4 + words * sizeof(ElfW(Addr)) / sizeof(uint32_t), *chain = bucket + buckets;
    uint32_t i = buckets ? bucket[hash % buckets] : 0;
    if (i < first)
        return NULL;
    for (;; i++) { /* the last of a chain has the lowest bit set */
        const ElfW(Sym) *symbol = &table.symbols[i];
        if (((chain[i - first] ^ hash) | 1) == 1 && strcmp(table.strings + symbol->st_name, name) == 0)
            return (void *)(uintptr_t)(library->start + symbol->st_value);
        if (chain[i - first] & 1)
            return NULL;
    }
}
