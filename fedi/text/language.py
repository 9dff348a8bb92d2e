"""Language codes: what clients and other servers write, brought to the one form we store and filter by."""

# ISO 639-1.
_TWO = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
es et eu fa ff fi fj fo fr fy ga gd gl gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki
kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no
nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te
tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""

# ISO 639-3, of languages without a short code that people post in.
_THREE = """
abq ace ady ain akz arc ary arz ast ban bcl bem bgn bho bik bjn bug cdo ceb chr ckb cmn cnr cop csb dsb fil frp frr
fur gag gan gsw hak haw hif hil hmn hsb ilo inh jbo kab kaa kbd kbp koi krc krl ksh lad ldn lez lfn lij lld lmo ltg
lus lzh lzz mai mdf mhr min moh mwl myv myz nah nan nap nds new nov nqo nso olo ota pag pam pap pcd pdc pfl pms pnb
rom rue sah sat scn sco sgs shi shn sjn skr sma smj smn sms srn stq syr szl tcy tet tlh tok tpi tyv udm vai vec vep
vls vmf vot vro war wuu xal xmf yue zba zea zgh
"""

# Regions and scripts that readers tell apart as languages.
_VARIANTS = "zh-CN zh-HK zh-TW zh-YUE mn-Mong ms-Arab nan-TW"

# ISO 639-2 and withdrawn codes of languages that have a short one.
_LONG = """
afr=af alb=sq amh=am ara=ar arm=hy asm=as aze=az bak=ba baq=eu bel=be ben=bn bod=bo bos=bs bre=br bul=bg bur=my
cat=ca ces=cs chi=zh cym=cy cze=cs dan=da deu=de dut=nl ell=el eng=en epo=eo est=et eus=eu fao=fo fas=fa fin=fi
fra=fr fre=fr fry=fy geo=ka ger=de gla=gd gle=ga glg=gl gre=el guj=gu hat=ht hau=ha heb=he hin=hi hrv=hr hun=hu
hye=hy ibo=ig ice=is ind=id isl=is ita=it jav=jv jpn=ja kan=kn kat=ka kaz=kk khm=km kin=rw kir=ky kor=ko kur=ku
lao=lo lat=la lav=lv lit=lt ltz=lb mac=mk mal=ml mao=mi mar=mr may=ms mkd=mk mlg=mg mlt=mt mon=mn mri=mi msa=ms
mya=my nep=ne nld=nl nno=nn nob=nb nor=no oci=oc ori=or pan=pa per=fa pol=pl por=pt pus=ps que=qu roh=rm ron=ro
rum=ro rus=ru san=sa sin=si slk=sk slo=sk slv=sl sme=se sna=sn snd=sd som=so spa=es sqi=sq srd=sc srp=sr swa=sw
swe=sv tam=ta tat=tt tel=te tgk=tg tgl=tl tha=th tib=bo tuk=tk tur=tr uig=ug ukr=uk urd=ur uzb=uz vie=vi wel=cy
wol=wo xho=xh yid=yi yor=yo zho=zh zul=zu iw=he in=id ji=yi jw=jv mo=ro sh=sr
"""

CODES = frozenset([*_TWO.split(), *_THREE.split(), *_VARIANTS.split()])
_BY_LOWER = {code.lower(): code for code in CODES}
_ALIASES = dict(pair.split("=") for pair in _LONG.split())
_SCRIPTS = {"zh-hans": "zh-CN", "zh-hant": "zh-TW", "zh-sg": "zh-CN", "zh-mo": "zh-HK"}
MAX_LENGTH = 35


def normalise(tag: str | None) -> str | None:
    """`en-US` → `en`, `ENG` → `en`, `zh_tw` → `zh-TW`; None for what is no language (`und`, `mul`) or unknown."""
    if not tag or len(tag) > MAX_LENGTH:
        return None
    parts = tag.strip().lower().replace("_", "-").split("-")
    for length in (3, 2, 1):
        known = _known("-".join(parts[:length]))
        if known:
            return known
    return None


def _known(tag: str) -> str | None:
    tag = _SCRIPTS.get(tag, tag)
    return _BY_LOWER.get(_ALIASES.get(tag, tag).lower())
