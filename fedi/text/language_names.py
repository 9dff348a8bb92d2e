"""English names of the languages that people may post in, after Unicode's CLDR."""

_NAMES = """
aa=Afar; ab=Abkhazian; abq=Abaza; ace=Acehnese; ady=Adyghe; ae=Avestan; af=Afrikaans; ain=Ainu; ak=Akan; akz=Alabama;
am=Amharic; an=Aragonese; ar=Arabic; arc=Aramaic; ary=Moroccan Arabic; arz=Egyptian Arabic; as=Assamese; ast=Asturian;
av=Avaric; ay=Aymara; az=Azerbaijani; ba=Bashkir; ban=Balinese; bcl=Central Bikol; be=Belarusian; bem=Bemba;
bg=Bulgarian; bgn=Western Balochi; bh=Bihari; bho=Bhojpuri; bi=Bislama; bik=Bikol; bjn=Banjar; bm=Bambara; bn=Bangla;
bo=Tibetan; br=Breton; bs=Bosnian; bug=Buginese; ca=Catalan; cdo=Eastern Min; ce=Chechen; ceb=Cebuano; ch=Chamorro;
chr=Cherokee; ckb=Central Kurdish; cmn=Mandarin Chinese; cnr=Montenegrin; co=Corsican; cop=Coptic; cr=Cree; cs=Czech;
csb=Kashubian; cu=Church Slavic; cv=Chuvash; cy=Welsh; da=Danish; de=German; dsb=Lower Sorbian; dv=Divehi; dz=Dzongkha;
ee=Ewe; el=Greek; en=English; eo=Esperanto; es=Spanish; et=Estonian; eu=Basque; fa=Persian; ff=Fula; fi=Finnish;
fil=Filipino; fj=Fijian; fo=Faroese; fr=French; frp=Arpitan; frr=Northern Frisian; fur=Friulian; fy=Western Frisian;
ga=Irish; gag=Gagauz; gan=Gan Chinese; gd=Scottish Gaelic; gl=Galician; gsw=Swiss German; gu=Gujarati; gv=Manx;
ha=Hausa; hak=Hakka Chinese; haw=Hawaiian; he=Hebrew; hi=Hindi; hif=Fiji Hindi; hil=Hiligaynon; hmn=Hmong;
ho=Hiri Motu; hr=Croatian; hsb=Upper Sorbian; ht=Haitian Creole; hu=Hungarian; hy=Armenian; hz=Herero; ia=Interlingua;
id=Indonesian; ie=Interlingue; ig=Igbo; ii=Sichuan Yi; ik=Inupiaq; ilo=Iloko; inh=Ingush; io=Ido; is=Icelandic;
it=Italian; iu=Inuktitut; ja=Japanese; jbo=Lojban; jv=Javanese; ka=Georgian; kaa=Kara-Kalpak; kab=Kabyle;
kbd=Kabardian; kbp=Kabiye; kg=Kongo; ki=Kikuyu; kj=Kuanyama; kk=Kazakh; kl=Kalaallisut; km=Khmer; kn=Kannada;
ko=Korean; koi=Komi-Permyak; kr=Kanuri; krc=Karachay-Balkar; krl=Karelian; ks=Kashmiri; ksh=Colognian; ku=Kurdish;
kv=Komi; kw=Cornish; ky=Kyrgyz; la=Latin; lad=Ladino; lb=Luxembourgish; ldn=Láadan; lez=Lezghian;
lfn=Lingua Franca Nova; lg=Ganda; li=Limburgish; lij=Ligurian; lld=Ladin; lmo=Lombard; ln=Lingala; lo=Lao;
lt=Lithuanian; ltg=Latgalian; lu=Luba-Katanga; lus=Mizo; lv=Latvian; lzh=Literary Chinese; lzz=Laz; mai=Maithili;
mdf=Moksha; mg=Malagasy; mh=Marshallese; mhr=Meadow Mari; mi=Māori; min=Minangkabau; mk=Macedonian; ml=Malayalam;
mn=Mongolian; mn-Mong=Mongolian (traditional script); moh=Mohawk; mr=Marathi; ms=Malay; ms-Arab=Malay (Jawi);
mt=Maltese; mwl=Mirandese; my=Burmese; myv=Erzya; myz=Mandaic; na=Nauru; nah=Nahuatl; nan=Min Nan Chinese;
nan-TW=Hokkien (Taiwan); nap=Neapolitan; nb=Norwegian Bokmål; nd=North Ndebele; nds=Low German; ne=Nepali; new=Newari;
ng=Ndonga; nl=Dutch; nn=Norwegian Nynorsk; no=Norwegian; nov=Novial; nqo=N’Ko; nr=South Ndebele; nso=Northern Sotho;
nv=Navajo; ny=Nyanja; oc=Occitan; oj=Ojibwa; olo=Livvi-Karelian; om=Oromo; or=Odia; os=Ossetic; ota=Ottoman Turkish;
pa=Punjabi; pag=Pangasinan; pam=Pampanga; pap=Papiamento; pcd=Picard; pdc=Pennsylvania German; pfl=Palatine German;
pi=Pali; pl=Polish; pms=Piedmontese; pnb=Western Punjabi; ps=Pashto; pt=Portuguese; qu=Quechua; rm=Romansh; rn=Rundi;
ro=Romanian; rom=Romany; ru=Russian; rue=Rusyn; rw=Kinyarwanda; sa=Sanskrit; sah=Yakut; sat=Santali; sc=Sardinian;
scn=Sicilian; sco=Scots; sd=Sindhi; se=Northern Sami; sg=Sango; sgs=Samogitian; shi=Tachelhit; shn=Shan; si=Sinhala;
sjn=Sindarin; sk=Slovak; skr=Saraiki; sl=Slovenian; sm=Samoan; sma=Southern Sami; smj=Lule Sami; smn=Inari Sami;
sms=Skolt Sami; sn=Shona; so=Somali; sq=Albanian; sr=Serbian; srn=Sranan Tongo; ss=Swati; st=Southern Sotho;
stq=Saterland Frisian; su=Sundanese; sv=Swedish; sw=Swahili; syr=Syriac; szl=Silesian; ta=Tamil; tcy=Tulu; te=Telugu;
tet=Tetum; tg=Tajik; th=Thai; ti=Tigrinya; tk=Turkmen; tl=Tagalog; tlh=Klingon; tn=Tswana; to=Tongan; tok=Toki Pona;
tpi=Tok Pisin; tr=Turkish; ts=Tsonga; tt=Tatar; tw=Twi; ty=Tahitian; tyv=Tuvinian; udm=Udmurt; ug=Uyghur; uk=Ukrainian;
ur=Urdu; uz=Uzbek; vai=Vai; ve=Venda; vec=Venetian; vep=Veps; vi=Vietnamese; vls=West Flemish; vmf=Main-Franconian;
vo=Volapük; vot=Votic; vro=Võro; wa=Walloon; war=Waray; wo=Wolof; wuu=Wu Chinese; xal=Kalmyk; xh=Xhosa; xmf=Mingrelian;
yi=Yiddish; yo=Yoruba; yue=Cantonese; za=Zhuang; zba=Balaibalan; zea=Zeelandic; zgh=Standard Moroccan Tamazight;
zh=Chinese; zh-CN=Chinese (China); zh-HK=Chinese (Hong Kong); zh-TW=Chinese (Taiwan); zh-YUE=Cantonese; zu=Zulu
"""

NAMES: dict[str, str] = dict(pair.strip().split("=", 1) for pair in _NAMES.split(";"))
