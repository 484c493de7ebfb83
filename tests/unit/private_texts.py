"""Texts with something private in them, and texts that only look so: each with the kind that is found, or None.

No key here ever was one: they are put together from a form and random letters, in pieces, so that no scanner of
repositories takes them for real.
"""

import random
import string

from warriorcoder.pipelines.mining.privacy import Kind

_LETTERS = string.ascii_letters + string.digits
_random = random.Random(7)


def drawn(length: int, letters: str = _LETTERS) -> str:
    """Random letters, with a digit, a small and a large one among them where the alphabet has them."""
    while True:
        value = "".join(_random.choices(letters, k=length))
        if all(any(sign in kind for sign in value) for kind in (string.digits,) if set(kind) & set(letters)):
            return value


HEX, UPPER = "0123456789abcdef", string.ascii_uppercase + string.digits
BODY = "\n".join(drawn(64, _LETTERS + "+/") for _ in range(4))
JWT = f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1aWQiOjk4MjcxLCJyb2xlIjoib3BzIn0.{drawn(43)}"

PRIVATE: list[tuple[str, Kind]] = [
    # Keys of a known form.
    (f"aws_access_key_id = AKIA{drawn(16, UPPER)}", Kind.API_KEY),
    (f"export AWS_SECRET_ACCESS_KEY='{drawn(40, _LETTERS + '+/')}'", Kind.API_KEY),
    (f"git clone with ghp_{drawn(36)} please", Kind.API_KEY),
    (f"token: gho_{drawn(36)}", Kind.API_KEY),
    (f"github_pat_{drawn(22)}_{drawn(59)}", Kind.API_KEY),
    (f"private_token=glpat-{drawn(20)}", Kind.API_KEY),
    (f"openai.api_key = 'sk-{drawn(20)}T3BlbkFJ{drawn(20)}'", Kind.API_KEY),
    (f"OPENAI_API_KEY=sk-proj-{drawn(48)}", Kind.API_KEY),
    (f"client = Anthropic(api_key='sk-ant-api03-{drawn(60)}')", Kind.API_KEY),
    (f"login(token='hf_{drawn(34)}')", Kind.API_KEY),
    (f"https://maps.googleapis.com/maps/api/js?key=AIza{drawn(35)}", Kind.PRIVATE_URL),
    (f"const key = 'AIza{drawn(35)}';", Kind.API_KEY),
    (f"slack_bot = 'xoxb-{drawn(12, string.digits)}-{drawn(12, string.digits)}-{drawn(24)}'", Kind.API_KEY),
    (f"curl https://hooks.slack.com/services/T{drawn(8, UPPER)}/B{drawn(8, UPPER)}/{drawn(24)}", Kind.API_KEY),
    (f"https://discord.com/api/webhooks/{drawn(18, '123456789')}/{drawn(68)}", Kind.PRIVATE_URL),
    (f"stripe.api_key = 'sk_live_{drawn(24)}'", Kind.API_KEY),
    (f"SG.{drawn(22)}.{drawn(43)}", Kind.API_KEY),
    (f"bot = Bot('{drawn(9, '123456789')}:AA{drawn(33)}')", Kind.API_KEY),
    (f"account_sid = 'AC{drawn(32, HEX)}'", Kind.API_KEY),
    (f"mailchimp {drawn(32, HEX)}-us12", Kind.API_KEY),
    (f"//registry.npmjs.org/:_authToken=npm_{drawn(36)}", Kind.API_KEY),
    (f"password = pypi-AgEIcHlwaS5vcmc{drawn(80)}", Kind.API_KEY),
    (f"Authorization: Bearer {JWT}", Kind.API_KEY),
    (f"session={JWT}", Kind.API_KEY),
    (f"AccountName=store;AccountKey={drawn(86, _LETTERS)}==;", Kind.API_KEY),
    (f"GROQ_API_KEY='gsk_{drawn(52)}'", Kind.API_KEY),
    # Keys by the names they are given to.
    (f"api_key = '{drawn(32)}'", Kind.API_KEY),
    (f'{{"client_secret": "{drawn(40)}"}}', Kind.API_KEY),
    (f"headers = {{'x-api-key': '{drawn(40, HEX)}'}}", Kind.API_KEY),
    (f"SECRET_KEY={drawn(50)}\nDEBUG=1", Kind.API_KEY),
    (f"access_token: {drawn(40)}", Kind.API_KEY),
    (f'-H "Authorization: Token {drawn(40, HEX)}"', Kind.API_KEY),
    (f"const authToken = `{drawn(32, HEX)}`;", Kind.API_KEY),
    # Passwords.
    ("password = 'v9#Lq2!xTz8w'", Kind.PASSWORD),
    ('conn = connect(user="ops", passwd="Zk4$wq9RtBn2")', Kind.PASSWORD),
    ('DB_PASSWORD: "m7Gf-29xQ_vL4t"', Kind.PASSWORD),
    ('{"pwd": "9fT!kz3Rw8"}', Kind.PASSWORD),
    ("rdp_password='k3Jf!2Lq'", Kind.PASSWORD),
    # Private keys.
    (f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----", Kind.PRIVATE_KEY),
    (f"key = '''-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}'''", Kind.PRIVATE_KEY),
    (f'"private_key": "-----BEGIN PRIVATE KEY-----\\n{drawn(64)}\\n-----END PRIVATE KEY-----\\n"', Kind.PRIVATE_KEY),
    # E-mail addresses.
    ("Write to marta.kowalczyk@gmail.com about it.", Kind.EMAIL_ADDRESS),
    ("Author: Piet Hein <p.hein81@xs4all.nl>", Kind.EMAIL_ADDRESS),
    ("mailto:claire.dubois@univ-lyon1.fr", Kind.EMAIL_ADDRESS),
    ("emails = ['t_okafor+news@outlook.com']", Kind.EMAIL_ADDRESS),
    ("git config user.email h.nakamura@sony.co.jp", Kind.EMAIL_ADDRESS),
    ("Contact: SUPPORT.LINE@DEUTSCHEBAHN.DE!", Kind.EMAIL_ADDRESS),
    ("jonas.weber@mail.uni-bonn.de", Kind.EMAIL_ADDRESS),
    # Phone numbers.
    ("Call me at (212) 736-5000.", Kind.PHONE_NUMBER),
    ("phone: 415-864-2311", Kind.PHONE_NUMBER),
    ("+49 30 22732152 is the office", Kind.PHONE_NUMBER),
    ("WhatsApp +33 6 42 71 95 38", Kind.PHONE_NUMBER),
    ("tel:+442078391377", Kind.PHONE_NUMBER),
    ("fax 1-617-253-1000", Kind.PHONE_NUMBER),
    ("my number is 312.744.5000", Kind.PHONE_NUMBER),
    ("phone = '2127365000'", Kind.PHONE_NUMBER),
    # IP addresses.
    ("ssh root@51.158.147.92", Kind.IP_ADDRESS),
    ("The server is at 185.199.108.153:8080.", Kind.IP_ADDRESS),
    ("host = '93.184.216.34'", Kind.IP_ADDRESS),
    ("ping 2a01:4f8:c17:b0f::2e61", Kind.IP_ADDRESS),
    ("allow 203.98.76.0/24", Kind.IP_ADDRESS),
    # Private URLs.
    ("postgres://svc_app:w8Rt2kQz9v@db.prod.zalando.net:5432/orders", Kind.PRIVATE_URL),
    ("git clone https://deploy:k3Jf92LqpT@git.ing.nl/core.git", Kind.PRIVATE_URL),
    ("See https://jenkins.corp.siemens.com/job/build/12", Kind.PRIVATE_URL),
    ("http://grafana.monitoring.internal/d/abc", Kind.PRIVATE_URL),
    ("open http://intranet/hr/salaries.html", Kind.PRIVATE_URL),
    (f"https://media.s3.amazonaws.com/a.csv?X-Amz-Expires=60&X-Amz-Signature={drawn(64, HEX)}", Kind.PRIVATE_URL),
    (f"https://st.blob.core.windows.net/c/f?sv=2022-11-02&se=2026&sig={drawn(43)}%3D", Kind.PRIVATE_URL),
    (f"https://api.weather.io/v1?access_token={drawn(32)}", Kind.PRIVATE_URL),
]

HARMLESS: list[str] = [
    # Keys that are none.
    "api_key = 'YOUR_API_KEY'",
    "openai.api_key = 'sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
    "OPENAI_API_KEY=sk-...",
    "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'",
    "ghp_1234567890abcdefghijklmnopqrstuvwxyzAB",
    "token = os.environ['GITHUB_TOKEN']",
    "api_key = os.getenv('OPENAI_API_KEY')",
    "token = secrets.token_urlsafe(32)",
    "SECRET_KEY = 'django-insecure-change-me'",
    "app.secret_key = 'supersecretkey123'",
    "JWT_SECRET=my-jwt-secret-key-2024",
    "headers = {'Authorization': f'Bearer {token}'}",
    "Authorization: Bearer <your-access-token-goes-here>",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "key: 'abcdefghijklmnopqrstuvwxyz0123456789'",
    "tokenizer = AutoTokenizer.from_pretrained('Qwen/Qwen2.5-Coder-7B-Instruct')",
    "access_key = config.settings.credentials.access_key_v2",
    "the token count is 1024 tokens per second",
    # Hashes, ids, constants.
    "assert md5('hello') == '5d41402abc4b2a76b9719d911017c592'",
    "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "id = '550e8400-e29b-41d4-a716-446655440000'",
    "MASK = 0xDEADBEEFCAFEBABE1234567890ABCDEF",
    "color: #ff5733; background: #c70039",
    "data = base64.b64decode('SGVsbG8sIHdvcmxkISBUaGlzIGlzIGEgdGVzdC4=')",
    "alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7hLm2QpZ9v\n-----END PUBLIC KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    # Passwords that are none.
    "password = 'password123'",
    "password = input('Enter your password: ')",
    "if password == 'Secret@123': print('ok')",
    "validate_password('Passw0rd!')",
    'user = User(name="bob", password="hunter22")',
    "password: changeme",
    "DB_PASSWORD=${DB_PASSWORD}",
    "password_hash = hash_password(password, salt)",
    "check('P@ssw0rd2024') returns True for a strong password",
    # E-mail addresses of nobody.
    "send to user@example.com",
    "john.doe@gmail.com",
    "emails = ['alice@mail.com', 'bob@test.org', 'foo@bar.com']",
    "your_email@yourdomain.com",
    "noreply@github.com",
    "someone@example.co.uk or me@mail.example.org",
    "ACCESS_TOKEN_URL = 'https://accounts.google.com/o/oauth2/token'",
    "tokenizer.pad_token = '<|reserved_special_token_0|>'",
    '"access_token": "2YotnFZFEjr1zCsicMWpAA"',
    "git clone git@github.com:torvalds/linux.git",
    "C = A @ B.T + x@w.dot(y)",
    "icon@2x.png and logo@3x.webp",
    "npm install lodash@4.17.21 @types/node@18.11.9",
    "@app.route('/') and @pytest.mark.parametrize",
    "matches r'[\\w.]+@[\\w.]+\\.com'",
    # Numbers that nobody answers.
    "phone = '555-123-4567'",
    "Call (212) 555-0147 now",
    "'123-456-7890' is valid, '1234567890' too",
    "+1 (555) 010-9999",
    "+44 7700 900123",
    "1-800-273-8255",
    "timestamp = 1609459200 and id 4158642311",
    "2023-01-15 10:30:45, 2024-12-31",
    "ISBN 978-0-306-40615-7",
    "card = '4111 1111 1111 1111'",
    "x = 100 200 3000",
    "999-99-9999 is no social security number",
    # Addresses of no machine, or of anybody's.
    "http://127.0.0.1:5000/api and 0.0.0.0",
    "ping 192.168.1.1 or 10.0.0.138, mask 255.255.255.0",
    "203.0.113.7 and 198.51.100.23 and 192.0.2.1",
    "nameserver 8.8.8.8",
    "valid_ip('172.16.254.1') and not valid_ip('256.100.50.0')",
    "version 4.18.2.1 of the driver",
    "Chrome/120.0.6099.109 Safari/537.36",
    "2001:db8:85a3::8a2e:370:7334 and ::1 and fe80::1ff:fe23:4567:890a",
    "std::vector<std::pair<int,int>> a::b::c",
    "00:1B:44:11:3A:B7",
    "1.2.3.4",
    # URLs for everybody.
    "http://localhost:8080/users?id=1",
    "https://docs.python.org/3/library/re.html#re.sub",
    "postgresql://user:password@localhost:5432/mydb",
    "mongodb://admin:admin123@mongo:27017",
    "redis://redis:6379/0 and http://backend:8000/health",
    "https://api.example.com/v1?api_key=abcd1234efgh5678ijkl",
    "https://api.openweathermap.org/data?appid={API_KEY}&key=YOUR_API_KEY_GOES_HERE",
    "http://host.docker.internal:11434",
    "http://raspberrypi.local:1880",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "",
]
