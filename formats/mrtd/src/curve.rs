//! The elliptic curves that chips and their issuers use, behind one type.
//!
//! Points and scalars are bytes here: uncompressed points as SEC 1 writes them, big-endian scalars.
//! Every point from outside is checked to be on its curve; all these curves have cofactor 1.

use der::asn1::ObjectIdentifier;
use ecdsa::EcdsaCurve;
use elliptic_curve::ff::PrimeField;
use elliptic_curve::ops::Reduce;
use elliptic_curve::point::AffineCoordinates;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, Group, ProjectivePoint, PublicKey,
    Scalar,
};
use zeroize::Zeroizing;

use crate::{NoRandom, Random, tlv};

/// How often a random scalar is drawn before the source is called broken; one draw fails with a
/// chance below one half on every curve.
const DRAWS_MAX: usize = 64;

/// A curve that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    BrainpoolP256r1,
    BrainpoolP384r1,
}

/// Why a computation on a curve gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CurveError {
    #[error("a point that is not on its curve")]
    Point,
    #[error("draw a private key")]
    Random(#[from] NoRandom),
}

/// A private scalar and its public point.
pub(crate) struct KeyPair {
    pub(crate) private: Zeroizing<Vec<u8>>,
    pub(crate) public: Vec<u8>,
}

macro_rules! on_curve {
    ($curve:expr, $apply:ident($($argument:expr),*)) => {
        match $curve {
            Curve::P256 => $apply::<p256::NistP256>($($argument),*),
            Curve::P384 => $apply::<p384::NistP384>($($argument),*),
            Curve::P521 => $apply::<p521::NistP521>($($argument),*),
            Curve::BrainpoolP256r1 => $apply::<bp256::BrainpoolP256r1>($($argument),*),
            Curve::BrainpoolP384r1 => $apply::<bp384::BrainpoolP384r1>($($argument),*),
        }
    };
}

impl Curve {
    const ALL: [Self; 5] =
        [Self::P256, Self::P384, Self::P521, Self::BrainpoolP256r1, Self::BrainpoolP384r1];

    /// The curve of standardised domain parameters (Doc 9303-11, 9.5.1).
    pub(crate) const fn of_parameter_id(id: u8) -> Option<Self> {
        Some(match id {
            12 => Self::P256,
            13 => Self::BrainpoolP256r1,
            15 => Self::P384,
            16 => Self::BrainpoolP384r1,
            18 => Self::P521,
            _ => return None,
        })
    }

    const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
            Self::BrainpoolP256r1 => "1.3.36.3.3.2.8.1.1.7",
            Self::BrainpoolP384r1 => "1.3.36.3.3.2.8.1.1.11",
        })
    }

    /// The curve of a public key's parameters: its name, or all its numbers (Doc 9303-12 demands
    /// those). A curve with another base point than the named one is another curve.
    pub(crate) fn of_parameters(parameters: &[u8]) -> Option<Self> {
        let (parameters, _) = tlv::first(parameters).ok()?;
        if parameters.tag == 0x06 {
            let oid = ObjectIdentifier::from_bytes(parameters.value).ok()?;
            return Self::ALL.into_iter().find(|curve| curve.oid() == oid);
        }
        let fields: Vec<tlv::Tlv<'_>> = tlv::all(parameters.value).map_while(Result::ok).collect();
        let [_version, _field, _curve, base, order, ..] = fields.as_slice() else { return None };
        let order = order.value.strip_prefix(&[0]).unwrap_or(order.value);
        Self::ALL.into_iter().find(|curve| {
            let (own_base, own_order) = on_curve!(*curve, base_and_order());
            base.value == own_base && order == own_order
        })
    }

    /// Draws a key pair. `base` is another base point than the curve's own, from a mapping.
    pub(crate) fn draw(
        self,
        base: Option<&[u8]>,
        random: Random<'_>,
    ) -> Result<KeyPair, CurveError> {
        on_curve!(self, draw(base, random))
    }

    /// The product of a private scalar and a point.
    pub(crate) fn multiply(self, private: &[u8], point: &[u8]) -> Result<Vec<u8>, CurveError> {
        on_curve!(self, multiply(private, point))
    }

    /// The secret that a private scalar and the other side's point give: the product's first
    /// coordinate.
    pub(crate) fn agree(
        self,
        private: &[u8],
        point: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CurveError> {
        on_curve!(self, agree(private, point))
    }

    /// The base point of the generic mapping: nonce times base point, plus the shared point
    /// (Doc 9303-11, 4.4.3.3.1).
    pub(crate) fn map(self, nonce: &[u8], shared: &[u8]) -> Result<Vec<u8>, CurveError> {
        on_curve!(self, map(nonce, shared))
    }

    /// Whether a signature of a digest is by the key of `point`: as DER, or as two numbers one
    /// after the other.
    pub(crate) fn is_signed(
        self,
        point: &[u8],
        digest: &[u8],
        signature: &[u8],
        der: bool,
    ) -> bool {
        on_curve!(self, is_signed(point, digest, signature, der)).is_some()
    }
}

/// What all of them can do.
trait Group9303: EcdsaCurve + CurveArithmetic {}
impl<C: EcdsaCurve + CurveArithmetic> Group9303 for C {}

fn point<C: Group9303>(bytes: &[u8]) -> Result<ProjectivePoint<C>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    // Uncompressed only, as Doc 9303-11, 9.4.4 demands.
    let key = bytes.starts_with(&[4]).then(|| PublicKey::<C>::from_sec1_bytes(bytes));
    key.and_then(Result::ok).map(|key| key.to_projective()).ok_or(CurveError::Point)
}

fn bytes<C: Group9303>(point: ProjectivePoint<C>) -> Result<Vec<u8>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    if bool::from(point.is_identity()) {
        return Err(CurveError::Point);
    }
    let affine: AffinePoint<C> = point.into();
    Ok(affine.to_sec1_point(false).as_bytes().to_vec())
}

fn base_and_order<C: Group9303>() -> (Vec<u8>, Vec<u8>)
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let base = bytes::<C>(ProjectivePoint::<C>::generator()).unwrap_or_default();
    // The order is one more than the greatest scalar, which is minus one.
    let greatest: FieldBytes<C> = (-<Scalar<C> as elliptic_curve::Field>::ONE).to_repr();
    let mut order = greatest.to_vec();
    for byte in order.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    let start = order.iter().position(|byte| *byte != 0).unwrap_or(0);
    (base, order.split_off(start))
}

/// A scalar from as many bytes as the curve's, or fewer.
fn scalar<C: Group9303>(bytes: &[u8]) -> Option<Scalar<C>> {
    let mut wide = FieldBytes::<C>::default();
    let at = wide.len().checked_sub(bytes.len())?;
    wide[at..].copy_from_slice(bytes);
    Scalar::<C>::from_repr(wide).into_option()
}

fn draw<C: Group9303>(base: Option<&[u8]>, random: Random<'_>) -> Result<KeyPair, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let base = base.map_or_else(|| Ok(ProjectivePoint::<C>::generator()), point::<C>)?;
    let mut private = Zeroizing::new(vec![0; FieldBytes::<C>::default().len()]);
    // The orders fill their bytes, but for P-521, whose first byte holds one bit.
    let greatest: FieldBytes<C> = (-<Scalar<C> as elliptic_curve::Field>::ONE).to_repr();
    let spare = greatest[0].leading_zeros();
    for _ in 0..DRAWS_MAX {
        random(&mut private)?;
        private[0] &= 0xff >> spare;
        let drawn =
            scalar::<C>(&private).filter(|s| !bool::from(elliptic_curve::Field::is_zero(s)));
        if let Some(scalar) = drawn {
            return Ok(KeyPair { private, public: bytes::<C>(base * scalar)? });
        }
    }
    Err(CurveError::Random(NoRandom))
}

fn multiply<C: Group9303>(private: &[u8], other: &[u8]) -> Result<Vec<u8>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let scalar = scalar::<C>(private).ok_or(CurveError::Point)?;
    bytes::<C>(point::<C>(other)? * scalar)
}

fn agree<C: Group9303>(private: &[u8], other: &[u8]) -> Result<Zeroizing<Vec<u8>>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let scalar = scalar::<C>(private).ok_or(CurveError::Point)?;
    let product = point::<C>(other)? * scalar;
    if bool::from(product.is_identity()) {
        return Err(CurveError::Point);
    }
    let affine: AffinePoint<C> = product.into();
    Ok(Zeroizing::new(affine.x().to_vec()))
}

fn map<C: Group9303>(nonce: &[u8], shared: &[u8]) -> Result<Vec<u8>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let mut wide = FieldBytes::<C>::default();
    let at = wide.len().checked_sub(nonce.len()).ok_or(CurveError::Point)?;
    wide[at..].copy_from_slice(nonce);
    let nonce = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&wide);
    bytes::<C>(ProjectivePoint::<C>::generator() * nonce + point::<C>(shared)?)
}

fn is_signed<C: Group9303>(key: &[u8], digest: &[u8], signature: &[u8], der: bool) -> Option<()>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    ecdsa::der::MaxSize<C>: elliptic_curve::array::ArraySize,
    <FieldBytesSize<C> as core::ops::Add>::Output:
        core::ops::Add<ecdsa::der::MaxOverhead> + elliptic_curve::array::ArraySize,
{
    let signature = if der {
        ecdsa::Signature::<C>::from_der(signature).ok()?
    } else {
        ecdsa::Signature::<C>::from_slice(signature).ok()?
    };
    ecdsa::hazmat::verify_prehashed(&point::<C>(key).ok()?, digest, &signature).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `openssl ecparam -param_enc explicit` writes.
    const EXPLICIT: [(Curve, &str); 2] = [
        (
            Curve::P256,
            "3081f7020101302c06072a8648ce3d0101022100ffffffff0000000100000000000000000000000\
             0ffffffffffffffffffffffff305b0420ffffffff00000001000000000000000000000000ffffff\
             fffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e2\
             7d2604b031500c49d360886e704936a6678e1139d26b7819f7e900441046b17d1f2e12c4247f8bc\
             e6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bc\
             e33576b315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada717\
             9e84f3b9cac2fc632551020101",
        ),
        (
            Curve::BrainpoolP256r1,
            "3081e0020101302c06072a8648ce3d0101022100a9fb57dba1eea9bc3e660a909d838d726e3bf62\
             3d52620282013481d1f6e5377304404207d5a0975fc2c3057eef67530417affe7fb8055c126dc5c\
             6ce94a4b44f330b5d9042026dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18f\
             f8c07b60441048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace326254\
             7ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997022100a9fb57dba1e\
             ea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7020101",
        ),
    ];

    #[test]
    fn a_curve_is_known_by_its_numbers_and_another_base_point_makes_another_curve() {
        for (curve, text) in EXPLICIT {
            let mut parameters = hex::decode(text).expect("hex");
            assert_eq!(Curve::of_parameters(&parameters), Some(curve));
            let base = parameters.windows(2).rposition(|two| two == [0x41, 4]).expect("the base");
            parameters[base + 10] ^= 1;
            assert_eq!(Curve::of_parameters(&parameters), None);
        }
        assert_eq!(Curve::of_parameters(&[0x05, 0]), None);
    }

    #[test]
    fn both_sides_agree_on_every_curve_and_a_source_that_is_stuck_is_no_source() {
        for curve in Curve::ALL {
            let mut byte = 0u8;
            let mut random = |buffer: &mut [u8]| {
                byte += 1;
                buffer.fill(byte);
                Ok(())
            };
            let one = curve.draw(None, &mut random).expect("a key");
            let two = curve.draw(None, &mut random).expect("a key");
            let secret = curve.agree(&one.private, &two.public).expect("a secret");
            assert_eq!(curve.agree(&two.private, &one.public), Ok(secret), "{curve:?}");
            let stuck = curve.draw(None, &mut |buffer| {
                buffer.fill(0);
                Ok(())
            });
            assert_eq!(stuck.err(), Some(CurveError::Random(NoRandom)), "{curve:?}");
        }
    }
}
