"""The catalogue of what goes wrong with a bundle of secrets."""

from ccstate.errors import Code

BUNDLE_UNUSABLE = Code("""CC880 the bundle of secrets, {bundle}, {fault}
  Nothing that refers to it can be compared or written.
  hint: {hint}""")
BUNDLE_FOREIGN_KEYS = Code("""CC881 the bundle of secrets, {bundle}, is not encrypted for keys of
    age alone: it has {keys}
  A branch may edit what lies in git, and sops would ask those services in the name of this job.
  hint: encrypt it for age alone: `sops encrypt --age age1…`; the keys' services stay unasked""")
OPENBAO_UNREAD = Code("""CC882 OpenBao gives no secrets: {url} {fault}
  Nothing that refers to the bundle can be compared or written.
  hint: {hint}""")
